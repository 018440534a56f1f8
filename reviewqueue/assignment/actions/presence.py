"""Presence: a member's open page was seen just now, or they have left."""

import time
from datetime import datetime, timedelta
from uuid import UUID

from reviewqueue.accounts.models import Membership
from reviewqueue.common.clock import database_now

from ..models import ABSENT, Presence

#: How old a sign of life may be before it is written again.
FRESH = timedelta(seconds=20)
MOST_REMEMBERED = 10_000

# What this process has written lately, so that a busy page costs no statement.
_written: dict[tuple[UUID, UUID], float] = {}


def be_here(*, membership: Membership, now: datetime | None = None) -> bool:
    """Note that a member is here, in at most one write per FRESH; return whether they have only just come.

    Without ``now`` by the database's clock, by which what the absent hold is taken back.
    """
    key = (membership.workspace_id, membership.user_id)
    if time.monotonic() - _written.get(key, -1e9) < FRESH.total_seconds():
        return False
    at = now or database_now()
    own = Presence.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id)
    came = bool(own.filter(seen_at__lte=at - ABSENT).update(seen_at=at))
    if not came and not own.filter(seen_at__lt=at - FRESH).update(seen_at=at) and not own.exists():
        new = Presence(workspace_id=membership.workspace_id, user_id=membership.user_id, seen_at=at)
        Presence.objects.bulk_create([new], ignore_conflicts=True)
        came = True
    if len(_written) >= MOST_REMEMBERED:
        _written.clear()
    _written[key] = time.monotonic()
    return came


def be_gone(*, membership: Membership) -> None:
    """Note that a member has left: what was dealt to them goes back at once."""
    _written.pop((membership.workspace_id, membership.user_id), None)
    Presence.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id).delete()
