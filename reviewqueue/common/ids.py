"""Ids are UUIDv7: made by the application, ordered by time, unique without asking anyone."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later in one process sort later."""
    return uuid_utils.compat.uuid7()
