"""Followed up: somebody makes good with the person who already got a wrong answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from reviewqueue.accounts.access import Viewer, can
from reviewqueue.accounts.models import Membership, User
from reviewqueue.audit.actions import SYSTEM, Actor, event, record_all
from reviewqueue.common.errors import Conflict, NotAllowed
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import Announcement, announce_all
from reviewqueue.intake.queries import gate_of
from reviewqueue.review import actions as judging
from reviewqueue.review.models import FollowUp, Publication
from reviewqueue.review.queries import was_answered
from reviewqueue.triage.queries import was_passed

FOLLOW_UP_OPENED = "follow_up.opened"
#: How soon somebody should have made it good.
DUE_AFTER = timedelta(hours=24)


def open_follow_ups(publications: Sequence[Publication], now: datetime) -> None:
    """Open a follow-up for each outcome that asks for one and whose wrong answer somebody already has.

    In the transaction that publishes them, last of all: what was undone in time never opens one.
    """
    wanted = [one for one in publications if one.outcome.follow_up and _was_given(one)]
    if not wanted:
        return
    opened = judging.open_follow_ups(outcomes=[one.outcome for one in wanted], due_at=now + DUE_AFTER, now=now)
    record_all(_event(one, "open_follow_up", SYSTEM, now) for one in opened)
    announce_all(
        announcements=[
            Announcement(FOLLOW_UP_OPENED, one.pk, one.item_id, {"follow_up": str(one.pk)}) for one in opened
        ],
        workspace_id=opened[0].workspace_id,
        now=now,
    )


def _was_given(publication: Publication) -> bool:
    """Return whether anybody had got the answer: it was never held, triage let it pass, or it went out before."""
    item_id = publication.item_id
    return gate_of(item_id) is None or was_passed(item_id) or was_answered(item_id, before=publication.position)


def take_follow_up(*, follow_up: FollowUp, to: User, by: Viewer, now: datetime) -> None:
    """Take a follow-up, or give it to somebody else: its owner may, a lead, and anybody while nobody has it.

    Raises NotAllowed, and Conflict when it is done or ``to`` does not review here.
    """
    if follow_up.owner_id not in (None, by.user and by.user.pk) and not by.may("lead"):
        raise NotAllowed
    here = Membership.objects.filter(workspace_id=follow_up.workspace_id, user=to, ended_at=None).first()
    if here is None or not can(here.role, "review"):
        raise Conflict("This person does not review in this workspace.")
    with transaction.atomic():
        if not judging.take_follow_up(follow_up=follow_up, owner=to, at=now):
            raise Conflict("Somebody else has taken this follow-up, or it is done.")
        record_all([_event(follow_up, "take_follow_up", by.actor, now, to=str(to.pk))])
        failpoint("take_follow_up.done")


def finish_follow_up(
    *, follow_up: FollowUp, by: Actor, now: datetime, note: str = "", user: User | None = None
) -> None:
    """Note that a wrong answer was made good, and how. Raises Conflict when that was noted before."""
    with transaction.atomic():
        if not judging.finish_follow_up(follow_up=follow_up, by=user, note=note, at=now):
            raise Conflict("This follow-up is done already.")
        record_all([_event(follow_up, "finish_follow_up", by, now)])
        failpoint("finish_follow_up.done")


def reopen_follow_up(*, follow_up: FollowUp, by: Viewer, now: datetime) -> None:
    """Take back that a follow-up is done: who noted it may, and a lead. Raises NotAllowed, Conflict."""
    if follow_up.done_by_id != (by.user and by.user.pk) and not by.may("lead"):
        raise NotAllowed
    with transaction.atomic():
        if not judging.reopen_follow_up(follow_up=follow_up):
            raise Conflict("This follow-up is open.")
        record_all([_event(follow_up, "reopen_follow_up", by.actor, now)])


def _event(follow_up: FollowUp, verb: str, by: Actor, now: datetime, **data: Any) -> dict[str, Any]:
    return event(
        workspace_id=follow_up.workspace_id,
        verb=verb,
        subject=("follow_up", follow_up.pk),
        item_id=follow_up.item_id,
        by=by,
        at=now,
        data=data,
    )
