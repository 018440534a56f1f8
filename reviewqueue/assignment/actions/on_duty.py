"""Live duty: being here for held answers, being seen, and leaving."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from reviewqueue.accounts.models import Membership
from reviewqueue.audit.actions import SYSTEM, Actor, event, person, record_all

from ..models import SILENCE, Duty

#: A page that is closed says so; another one of the same person may go on within this time.
PAGE_CHANGE = timedelta(seconds=5)
#: How old a sign of life may be before it is written again.
FRESH = timedelta(seconds=5)


def go_on_duty(*, membership: Membership, now: datetime) -> Duty:
    """Be here for held answers; who is here already is seen."""
    with transaction.atomic():
        # a duty whose page went silent is over, whether or not that was swept up yet
        end_duties(duties=_own(membership).filter(seen_at__lte=now - SILENCE), reason=Duty.End.UNSEEN, now=now)
        duty, new = Duty.objects.get_or_create(
            workspace_id=membership.workspace_id,
            user_id=membership.user_id,
            ended_at=None,
            defaults={"begun_at": now, "seen_at": now},
        )
        if new:
            record_all([_told(duty, "begin_duty", person(membership.user_id), now)])
    seen(membership=membership, now=now)
    return duty


def leave_duty(*, membership: Membership, reason: Duty.End = Duty.End.LEFT, now: datetime) -> None:
    """Be here no more."""
    with transaction.atomic():
        end_duties(duties=_own(membership), reason=reason, now=now, by=person(membership.user_id))


def seen(*, membership: Membership, now: datetime) -> bool:
    """Note a sign of life of an open page; return whether the person is on duty."""
    here = _own(membership).filter(seen_at__gt=now - SILENCE)
    return bool(here.filter(seen_at__lt=now - FRESH).update(seen_at=now)) or here.exists()


def page_closed(*, membership: Membership, now: datetime) -> None:
    """Note that a page was closed: unless another is seen within seconds, its person is here no more."""
    _own(membership).filter(seen_at__gt=now - SILENCE).update(seen_at=now - SILENCE + PAGE_CHANGE)


def end_unseen(*, now: datetime) -> int:
    """End the duties of those who were not seen for a minute; return how many."""
    with transaction.atomic():
        silent = Duty.objects.filter(ended_at=None, seen_at__lte=now - SILENCE)
        return end_duties(duties=silent, reason=Duty.End.UNSEEN, now=now)


def end_duties(*, duties: Iterable[Duty], reason: Duty.End, now: datetime, by: Actor = SYSTEM) -> int:
    """End duties; return how many were open. Needs a transaction around it."""
    ended = [
        one for one in duties if Duty.objects.filter(pk=one.pk, ended_at=None).update(ended_at=now, end_reason=reason)
    ]
    record_all(_told(one, "end_duty", by, now, reason=str(reason)) for one in ended)
    return len(ended)


def _own(membership: Membership) -> QuerySet[Duty]:
    return Duty.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id, ended_at=None)


def _told(duty: Duty, verb: str, by: Actor, now: datetime, **data: str) -> dict:
    return event(workspace_id=duty.workspace_id, verb=verb, subject=("duty", duty.pk), by=by, at=now, data=data)
