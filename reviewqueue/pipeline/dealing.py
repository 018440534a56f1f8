"""Dealt: the hands of those present are kept filled, and what an absent person holds goes back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from reviewqueue.accounts.models import User
from reviewqueue.accounts.teams import Seat, seats
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions.stopping import refuse_stopped
from reviewqueue.assignment.hands import hands_of, heads_for
from reviewqueue.assignment.rules import Deal, Hand, plan
from reviewqueue.audit.actions import SYSTEM, record
from reviewqueue.common.clock import database_now
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import State
from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import stops_of
from reviewqueue.queues.rules import Stopped

from .moves import requeue, tell

#: How far into its lanes a deal looks beyond what the hands have room for, and at the most.
SPARE = 20
WIDEST_HEAD = 4096
#: How often a deal that met what is stopped takes that out of its lines and plans again.
ROUNDS = 3


def deal(*, workspace_id: UUID, now: datetime | None = None) -> int:
    """Fill the hands of a workspace's present people; return how many items were dealt.

    Who claims at the same moment comes first: what is dealt is planned from a look at the line, and each slot is then
    taken as a claim takes it, or passed over.
    """
    at, stops = now or database_now(), stops_of(workspace_id)
    here = [] if stops.of_all else seats(workspace_id=workspace_id, now=at)
    if not here:
        return 0
    stopped, dealt = [one.queue_id for one in stops.stops if one.queue_id], 0
    for _round in range(ROUNDS):
        hands = hands_of(workspace_id=workspace_id, seats=here, stopped=stopped, now=at)
        filled, met = _filled(workspace_id, hands, here, now)
        dealt += filled
        if not met:
            break
        for stop in met:  # what came back to its line since its source was stopped
            turns.clear_heads(stop=stop, lanes=sorted({lane for hand in hands for lane in hand.lanes}))
    return dealt


def _filled(
    workspace_id: UUID, hands: list[Hand], here: Sequence[Seat], now: datetime | None
) -> tuple[int, list[Stop]]:
    """Deal once; return how many were dealt, and the stops of sources that were met on the way."""
    of = {one.membership.user_id: one for one in here}
    dealt, met = 0, {}
    for one in _planned(hands):
        try:
            dealt += _dealt(workspace_id, one, of[one.user_id], now)
        except Stopped as stopped:
            if stopped.stop.source_slug:
                met[stopped.stop.pk] = stopped.stop
    return dealt, list(met.values())


def _planned(hands: list[Hand]) -> list[Deal]:
    """Plan from the head of the line; further into it while hands stay empty for what they may not take."""
    wanted = sum(one.room for one in hands)
    head = wanted + SPARE
    while wanted:
        heads = heads_for(hands, head=head)
        deals = plan(hands, heads)
        if len(deals) == wanted or len(heads) < head or head >= WIDEST_HEAD:
            return deals
        head *= 2
    return []


def _dealt(workspace_id: UUID, one: Deal, seat: Seat, now: datetime | None) -> bool:
    try:
        with transaction.atomic():
            return _deal(workspace_id, one.slot_id, seat.membership.user, seat.limit, now)
    except IntegrityError:  # they claimed the same entry at this moment
        return False


def _deal(workspace_id: UUID, slot_id: UUID, to: User, limit: int, now: datetime | None) -> bool:
    turn = turns.deal(workspace_id=workspace_id, slot_id=slot_id, to=to, limit=limit, now=now)
    if turn is None:
        return False
    refuse_stopped(workspace_id=workspace_id, entry_id=turn.assignment.entry_id)
    in_line = [State.QUEUED, State.IN_REVIEW]
    intake.move_state(item_ids=[turn.assignment.item_id], to=State.IN_REVIEW, since=turn.at, of=in_line)
    tell(turn.assignment, "deal", SYSTEM, turn.at, to=str(to.pk))
    failpoint("deal.taken")
    return True


def take_back_absent(*, now: datetime | None = None) -> int:
    """Let what absent people hold go back to its line, with what they had typed kept for them; return how many."""
    return sum(_taken_back(one, now or database_now()) for one in turns.absent_turns(now=now or database_now()))


def _taken_back(assignment_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        taken = turns.take_back(assignment_id=assignment_id, now=now)
        if taken is None:
            return False
        record(
            workspace_id=taken.workspace_id,
            verb="expire",
            subject=("assignment", taken.assignment_id),
            item_id=taken.item_id,
            by=SYSTEM,
            at=now,
            data={"why": "absent"},
        )
        requeue([taken.item_id], now)
        failpoint("take_back_absent.done")
    return True
