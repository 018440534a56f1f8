"""Edge cases: escalations that ask the same are grouped, owned and discussed until the owner rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.access import Viewer
from reviewqueue.audit.actions import record
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.edgecases import actions as cases
from reviewqueue.edgecases.models import Comment, EdgeCase, EdgeCaseItem
from reviewqueue.edgecases.owners import owner_for
from reviewqueue.edgecases.queries import answering
from reviewqueue.review.models import Escalation

#: When a case is due unless somebody says else.
DUE_AFTER = timedelta(hours=24)
MOST_AT_ONCE = 500


def open_case(
    *,
    title: str,
    description: str = "",
    escalations: Sequence[Escalation] = (),
    by: Viewer,
    now: datetime,
    owner_id: UUID | None = None,
    due_at: datetime | None = None,
) -> EdgeCase:
    """Open an edge case for escalations that ask the same; it belongs to who answers for the first of them.

    Raises Invalid without a title, Conflict when an escalation is over or the owner may not decide.
    """
    by.require("lead")
    assert by.user is not None
    if not title.strip():
        raise Invalid(
            "The edge case needs a title.", places=[Place("#/title", "Say in a few words what is unclear.")]
        )
    with transaction.atomic():
        waiting = _hold(escalations)
        answers = owner_for(waiting)
        first_answers = next((answers[one.pk] for one in waiting if one.pk in answers), None)
        case = cases.open_case(
            workspace_id=by.workspace_id,
            title=title.strip()[:200],
            description=description.strip(),
            owner_id=_person(by, owner_id) or (first_answers.owner_id if first_answers else None),
            deputy_id=first_answers.deputy_id if first_answers and owner_id is None else None,
            due_at=due_at or now + DUE_AFTER,
            by=by.user,
            now=now,
        )
        _group(case, waiting, by, now)
        _tell(case, "open_edge_case", by, now)
        failpoint("open_case.done")
    return case


def add_to_case(*, case: EdgeCase, escalations: Sequence[Escalation], by: Viewer, now: datetime) -> int:
    """Put escalations into an open case; each leaves the one that it was in. Return how many are new in it."""
    by.require("lead")
    with transaction.atomic():
        held = _hold_open(case)
        return len(_group(held, _hold(escalations), by, now))


def take_out(*, member: EdgeCaseItem, by: Viewer, now: datetime) -> None:
    """Take an escalation out of its case: it waits for a single decision. Raises Conflict when it is settled."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        case = cases.hold_case(case_id=member.case_id)
        if not cases.ungroup(member=member, by=by.user, now=now):
            raise Conflict("This item is no longer in the edge case, or the ruling has settled it.")
        _tell(case, "ungroup", by, now, item_id=member.item_id)


def hand_case(
    *,
    case: EdgeCase,
    owner_id: UUID | None,
    deputy_id: UUID | None,
    due_at: datetime,
    by: Viewer,
    now: datetime,
) -> None:
    """Say who owns an open case, who stands in, and until when. Raises Conflict, also for who may not decide."""
    by.require("lead")
    with transaction.atomic():
        held = _hold_open(case)
        owner, deputy = _person(by, owner_id), _person(by, deputy_id)
        cases.hand_case(case=held, owner_id=owner, deputy_id=deputy, due_at=due_at)
        _tell(held, "hand_edge_case", by, now, to=str(owner) if owner else None)


def comment(*, case: EdgeCase, text: str, by: Viewer, now: datetime) -> Comment:
    """Say something about a case, also after it is over. Raises Invalid when nothing is said."""
    by.require("lead")
    assert by.user is not None
    if not text.strip():
        raise Invalid("Nothing was said.", places=[Place("#/text", "Write something.")])
    with transaction.atomic():
        said = cases.comment(case=case, text=text.strip(), by=by.user, now=now)
        _tell(case, "comment", by, now, comment=str(said.pk))
    return said


def dismiss_case(*, case: EdgeCase, because: str, by: Viewer, now: datetime) -> None:
    """End a case without a ruling: each of its items waits for a single decision. Raises Conflict, Invalid."""
    by.require("lead")
    assert by.user is not None
    if not because.strip():
        raise Invalid("The reason is missing.", places=[Place("#/because", "Say why no ruling is needed.")])
    with transaction.atomic():
        held = _hold_open(case)
        cases.dismiss_case(case=held, because=because.strip(), by=by.user, now=now)
        _tell(held, "dismiss_edge_case", by, now)


def reopen_case(*, case: EdgeCase, by: Viewer, now: datetime) -> None:
    """Open a dismissed case again; its items are grouped anew. Raises Conflict when it is not dismissed."""
    by.require("lead")
    with transaction.atomic():
        held = cases.hold_case(case_id=case.pk)
        if held.dismissed_at is None:
            raise Conflict("This edge case was not dismissed.")
        cases.reopen_case(case=held)
        _tell(held, "reopen_edge_case", by, now)


def _hold(escalations: Sequence[Escalation]) -> list[Escalation]:
    """Lock escalations in one order. Raises Conflict when one is over."""
    ids = [one.pk for one in escalations][:MOST_AT_ONCE]
    rows = Escalation.objects.filter(pk__in=ids, ended_at=None).select_related("item")
    held = list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if len(held) != len(set(ids)):
        raise Conflict("One of these was decided meanwhile. Look again at what waits.")
    return held


def _hold_open(case: EdgeCase) -> EdgeCase:
    held = cases.hold_case(case_id=case.pk)
    if not held.is_open:
        raise Conflict("This edge case is over already.")
    return held


def _group(case: EdgeCase, escalations: Sequence[Escalation], by: Viewer, now: datetime) -> list[EdgeCaseItem]:
    assert by.user is not None
    members = cases.group(case=case, escalations=escalations, by=by.user, now=now)
    for one in members:
        _tell(case, "group", by, now, item_id=one.item_id)
    return members


def _person(by: Viewer, user_id: UUID | None) -> UUID | None:
    if user_id and user_id not in {one.user_id for one in answering(by.workspace_id)}:
        raise Conflict("This person does not decide in this workspace.")
    return user_id


def _tell(case: EdgeCase, verb: str, by: Viewer, now: datetime, item_id: UUID | None = None, **data: Any) -> None:
    record(
        workspace_id=case.workspace_id,
        verb=verb,
        subject=("edge_case", case.pk),
        item_id=item_id,
        by=by.actor,
        at=now,
        data=data,
    )
