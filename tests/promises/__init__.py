"""Promises and overload: stories over the database."""
