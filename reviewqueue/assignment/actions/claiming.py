"""Claiming the next slot, and giving one to a named person. Needs a transaction around each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.access import can
from reviewqueue.accounts.models import Membership, User
from reviewqueue.common.clock import database_now
from reviewqueue.common.errors import Conflict
from reviewqueue.common.ids import new_id
from reviewqueue.common.parts import Part, fetch
from reviewqueue.queues.models import Queue

from ..eligibility import adjudicators
from ..models import Assignment, Slot
from .opening import ADJUDICATE, DECIDES, named_in
from .stopping import refuse_stopped

#: How long an assigned item waits for its person before it goes back to everybody.
ASSIGNED_FOR = timedelta(hours=24)
#: How many slots of each lane a claim looks at; four times as many in all. Every one costs a look at exclusions.
HEAD = 4
WIDEST_HEAD = 4096

# The heads of the reviewer's lanes, then the first of them that nobody else is claiming at this moment. The row
# that is locked is the row that is changed; each claim raises the fence. See docs/decisions/0003.
CLAIM = """
WITH head AS MATERIALIZED (
  SELECT h.id, h.rank FROM unnest(%(lanes)s::uuid[]) AS l (lane)
  CROSS JOIN LATERAL (
    SELECT s.id, s.rank FROM assignment_slot s
    WHERE s.lane_id = l.lane AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
      AND NOT EXISTS (SELECT 1 FROM assignment_exclusion x WHERE x.item_id = s.item_id AND x.user_id = %(me)s)
      AND NOT EXISTS (SELECT 1 FROM assignment_assignment a
                      WHERE a.item_id = s.item_id AND a.user_id = %(me)s AND a.ended_at IS NULL)
    ORDER BY s.rank, s.id LIMIT %(head)s::int) h
  ORDER BY h.rank, h.id LIMIT 4 * %(head)s::int
), taken AS (
  UPDATE assignment_slot SET holder_id = %(me)s, fence = fence + 1,
    expires_at = coalesce(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval
  WHERE id = (SELECT s.id FROM assignment_slot s JOIN head USING (id)
              WHERE s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
              ORDER BY s.rank, s.id LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED)
  RETURNING id, entry_id, item_id, fence, expires_at, lane_id, expires_at - %(lease)s::interval AS at)
SELECT taken.*, (SELECT count(*) FROM head)
FROM (SELECT 1) AS always LEFT JOIN taken ON true
"""
# The turn that goes with it; other apps' parts of the same statement stand after it, and read `taken` as well.
_OPENED = """
INSERT INTO assignment_assignment (id, workspace_id, slot_id, entry_id, item_id, user_id, fence, how, opened_at,
                                   opened_by_id, end_reason)
SELECT %(turn)s::uuid, %(workspace)s::uuid, id, entry_id, item_id, %(me)s::uuid, fence, 'claimed', at,
       %(me)s::uuid, ''
FROM taken
"""
# Held answers alone: their ranks are below zero (triage/rules.py).
CLAIM_HELD = CLAIM.replace("s.lane_id = l.lane", "s.lane_id = l.lane AND s.rank < 0")


class Taken(NamedTuple):
    """A slot just taken, with the fence of this time."""

    slot_id: UUID
    entry_id: UUID
    item_id: UUID
    fence: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn just opened."""

    assignment: Assignment
    fence: int
    expires_at: datetime
    at: datetime


_LANES = """
SELECT id, queue_id, skills FROM assignment_lane
WHERE workspace_id = %(workspace)s::uuid AND queue_id = ANY(%(queues)s::uuid[])
  AND (skills <@ %(skills)s::varchar[] AND language = ANY(%(languages)s::varchar[])
       OR skills[1] LIKE %(decides)s::text)
"""


def lanes_of(*, membership: Membership, queues: Sequence[Queue], now: datetime | None = None) -> list[UUID]:
    """Return the lanes a member may take from: those whose skills and language they have.

    What a named adjudicator decides is theirs, and any lead's while that person cannot.
    """
    skills = {*membership.skills}
    if can(membership.role, "lead"):
        skills.add(ADJUDICATE)
    given = {
        "workspace": membership.workspace_id,
        "queues": [one.pk for one in queues],
        "skills": sorted(skills),
        "languages": ["", *membership.languages],
        "decides": f"{DECIDES}%",
    }
    lanes = fetch(_LANES, given)
    named = {pk: (queue_id, who) for pk, queue_id, needs in lanes if (who := named_in(needs))}
    able = set(adjudicators([one.pk for one in queues], now=now or database_now())) if named else set()
    return [pk for pk, _queue, _needs in lanes if pk not in named or _decides(membership, named[pk], able)]


def _decides(membership: Membership, named: tuple[UUID, UUID], able: set[tuple[UUID, UUID]]) -> bool:
    """Return whether a member decides what a queue names somebody for: that person, or a lead in their place."""
    return named[1] == membership.user_id if named in able else can(membership.role, "lead")


def claim(
    *,
    workspace_id: UUID,
    by: User,
    lanes: Sequence[UUID],
    lease: timedelta,
    held_only: bool = False,
    now: datetime | None = None,
    turn_id: UUID,
    along: Sequence[Part] = (),
) -> Turn | None:
    """Give ``by`` the next slot of these lanes for ``lease``; None when there is nothing for this reviewer.

    With ``held_only`` nothing but answers that an AI system waits for. Without ``now`` the lease runs on the
    database's clock. Raises Stopped when what came next is stopped: then the transaction is to be rolled back.

    ``along``: what other apps write in the same statement, of ``taken (item_id, at)``, which has one row or none.
    """
    if not lanes:
        return None
    head = HEAD
    statement = _statement(CLAIM_HELD if held_only else CLAIM, tuple(part.sql for part in along))
    given: dict[str, Any] = {
        "lanes": list(lanes),
        "me": by.pk,
        "lease": f"{lease.total_seconds()} seconds",
        "now": now,
    }
    given |= {"turn": turn_id, "workspace": workspace_id}
    for part in along:
        given |= part.given
    while True:
        [(slot_id, entry_id, item_id, fence, expires_at, _lane, at, seen)] = fetch(looking(statement, head), given)
        if slot_id is not None:
            break
        if seen < head or head >= WIDEST_HEAD:
            return None
        head *= 2  # others are claiming the whole head at this moment: look further
    refuse_stopped(workspace_id=workspace_id, entry_id=entry_id)
    taken = Taken(slot_id, entry_id, item_id, fence)
    turn = _turn(workspace_id, taken, by, by, Assignment.How.CLAIMED, at, pk=turn_id)
    turn._state.adding, turn._state.db = False, connection.alias  # the statement has written it
    return Turn(turn, fence, expires_at, at)


@cache
def looking(statement: str, head: int) -> str:
    """Return a claim statement that looks at so many slots of each lane.

    That stands in its text: a LIMIT that PostgreSQL does not know it takes for a tenth of the line, and then plans
    every claim anew.
    """
    return statement.replace("%(head)s::int", str(head))


@cache
def _statement(claim: str, along: tuple[str, ...]) -> str:
    taking, last, telling = claim.rpartition("\nSELECT taken.*")
    parts = "".join(f", part_{number} AS ({sql})" for number, sql in enumerate([_OPENED, *along]))
    return taking + parts + last + telling


def assign(
    *,
    slot: Slot,
    to: User,
    by: User,
    now: datetime,
    how: Assignment.How = Assignment.How.ASSIGNED,
    lease: timedelta = ASSIGNED_FOR,
) -> Turn:
    """Give a free slot to a named person. Raises Conflict when somebody holds it, it is closed, or it is stopped.

    What a person has claimed before they go on with, also while it is stopped.
    """
    if how != Assignment.How.CLAIMED:
        refuse_stopped(workspace_id=slot.workspace_id, entry_id=slot.entry_id)
    expires_at = now + lease
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slot SET holder_id = %s, fence = fence + 1, expires_at = %s, held_until = NULL,"
            " held_by_id = NULL, stop_id = NULL"
            " WHERE id = %s AND holder_id IS NULL AND closed_at IS NULL RETURNING fence",
            [to.pk, expires_at, slot.pk],
        )
        row = cursor.fetchone()
    if row is None:
        raise Conflict("Somebody has this item already, or it is done.")
    taken = Taken(slot.pk, slot.entry_id, slot.item_id, fence=row[0])
    turn = open_turn(slot.workspace_id, taken, to, by, how, now)
    return Turn(turn, taken.fence, expires_at, now)


def open_turn(
    workspace_id: UUID, taken: Taken, user: User, by: User | None, how: Assignment.How, at: datetime
) -> Assignment:
    """Write down the turn of a slot just taken; nobody gives it in person when a worker deals it."""
    turn = _turn(workspace_id, taken, user, by, how, at, pk=new_id())
    turn.save(force_insert=True)
    return turn


def _turn(
    workspace_id: UUID, taken: Taken, user: User, by: User | None, how: Assignment.How, at: datetime, *, pk: UUID
) -> Assignment:
    return Assignment(
        **taken._asdict(), id=pk, workspace_id=workspace_id, user=user, how=how, opened_at=at, opened_by=by
    )
