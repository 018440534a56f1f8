"""The steps of the ladder, and the e-mail of each: taken with a lease, so that a crash loses none."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ..models import DueMail, LadderStep

LEASE = timedelta(minutes=2)
TAKE = 20
GIVE_UP_AFTER = 8


def write_steps(*, steps: Iterable[LadderStep]) -> list[LadderStep]:
    """Write steps with their e-mails; those that are on record already are left out. Return the new ones."""
    new = []
    for step in steps:
        at = {"since_at": step.since_at, "rung": step.rung, "told_id": step.told_id}
        about = {"escalation_id": step.escalation_id, "case_id": step.case_id}
        row, made = LadderStep.objects.get_or_create(
            **at,
            **about,
            defaults={"workspace_id": step.workspace_id, "why": step.why, "told_at": step.told_at},
        )
        if made:
            DueMail.objects.create(step=row, workspace_id=row.workspace_id, due_at=row.told_at)
            new.append(row)
    return new


def take_mail(*, now: datetime) -> list[DueMail]:
    """Take e-mails that are due, each for a while: whoever dies with them leaves them to the next."""
    due = DueMail.objects.filter(due_at__lte=now, sent_at=None, given_up_at=None).order_by("due_at")
    taken = list(due.select_for_update(skip_locked=True, of=("self",))[:TAKE])
    for one in taken:
        one.attempts += 1
        one.due_at = now + LEASE * 2 ** min(one.attempts - 1, 8)
    DueMail.objects.bulk_update(taken, ["attempts", "due_at"])
    return taken


def note_sent(*, mail: DueMail, at: datetime) -> None:
    """Note that an e-mail is out."""
    DueMail.objects.filter(pk=mail.pk).update(sent_at=at, last_error="")


def note_unsent(*, mail: DueMail, error: str, at: datetime) -> None:
    """Note why an e-mail is not out; it is tried again, and given up in the end."""
    given_up_at = at if mail.attempts >= GIVE_UP_AFTER else None
    DueMail.objects.filter(pk=mail.pk).update(last_error=error[:80], given_up_at=given_up_at)
