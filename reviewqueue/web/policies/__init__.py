"""Routing policies: the one in force, the draft with its builder and replay, and the versions before."""
