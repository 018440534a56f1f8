"""Reopened: something outside says that an answer was wrong, so that people look at it (again)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Item
from reviewqueue.review.queries import last_judged_at
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import Signal
from reviewqueue.triage.queries import signals_of

from .looking_again import hasten, hold, is_urgent, look_again

#: How often an answer may be called wrong: far more than people do, and a bound for what a program may write.
MOST = 100


class SaidOften(Conflict):
    """This answer has been called wrong a hundred times already; one more changes nothing."""

    slug = "said-often"


@dataclass(frozen=True, slots=True)
class Signalled:
    """A signal; ``new`` is False when the same was said already and people are still to look."""

    signal: Signal
    new: bool


def signal(
    *,
    item: Item,
    kind: Signal.Kind,
    by: Actor,
    now: datetime,
    said_by: str = "",
    note: str = "",
    reported_by: User | None = None,
) -> Signalled:
    """Note that an answer is said to be wrong: people look at it, again if they had decided it.

    At most one look is open at a time: while the item waits for people it moves up in its line, and before its triage
    it is noted that it may not simply pass. Raises SaidOften.
    """
    with transaction.atomic():
        waits = triage.hold_wait(item_id=item.pk)
        stay = None if waits else hold(item.pk)
        if (waits or stay) and (same := _same(item, kind, said_by, reported_by)):
            return Signalled(same, new=False)
        if signals_of(item.pk).count() >= MOST:
            raise SaidOften
        decision = None
        if stay:
            hasten(stay)
        elif not waits:
            decision = look_again(item=item, reason=f"signal.{kind}", urgent=is_urgent(kind), now=now)
        made = triage.write_signal(
            item=item, kind=kind, decision=decision, said_by=said_by, note=note, reported_by=reported_by, now=now
        )
        _tell(made, by, now)
        failpoint("signal.done")
    return Signalled(made, new=True)


def _same(item: Item, kind: Signal.Kind, said_by: str, reported_by: User | None) -> Signal | None:
    """Return what says the same already since people last decided."""
    said = signals_of(item.pk).filter(kind=kind, content__said_by=said_by, reported_by=reported_by)
    decided_at = last_judged_at(item.pk)
    return (said.filter(raised_at__gte=decided_at) if decided_at else said).last()


def _tell(made: Signal, by: Actor, now: datetime) -> None:
    record(
        workspace_id=made.workspace_id,
        verb="signal",
        subject=("signal", made.pk),
        item_id=made.item_id,
        by=by,
        at=now,
        data={"kind": str(made.kind), "pass": made.decision.pass_number if made.decision else None},
    )
