"""Where items stand; written for the pipeline alone."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, Value, When

from reviewqueue.common.parts import Part

from ..models import ItemState, State


def move_state(*, item_ids: Iterable[UUID], to: State, since: datetime, of: Iterable[State] = ()) -> int:
    """Move items to a state (only out of the states ``of``, when given); return how many moved."""
    rows = ItemState.objects.filter(item_id__in=list(item_ids))
    if of:
        rows = rows.filter(state__in=list(of))
    return rows.update(state=to, since=Case(When(state=to, then=F("since")), default=Value(since)))


_TAKEN_UP = """
UPDATE intake_itemstate s
SET state = 'in_review', since = CASE s.state WHEN 'in_review' THEN s.since ELSE taken.at END
FROM taken WHERE s.item_id = taken.item_id AND s.state IN ('queued', 'in_review')
"""


def taken_up() -> Part:
    """Return the part of the claiming statement that shows the item of ``taken (item_id, at)`` as in review."""
    return Part(_TAKEN_UP, {})


def hold_states(*, item_ids: Iterable[UUID]) -> None:
    """Keep items in their state to the end of the transaction; always in one order, so that nobody deadlocks."""
    rows = ItemState.objects.filter(item_id__in=list(item_ids)).order_by("item_id")
    list(rows.select_for_update(no_key=True).values_list("item_id"))
