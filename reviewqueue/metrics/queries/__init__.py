"""Counting over the stages, a few statements a page, each served by an index."""
