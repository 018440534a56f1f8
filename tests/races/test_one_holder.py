"""No slot is held by two people (I-7): claimed, returned and expired by a crowd, then the audit trail is replayed."""

import subprocess
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import lane_for
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.models import Event
from tests.cast import Cast
from tests.flushing import admin_url
from tests.programs import program
from tests.races.crowd import each, reviewers, scaled
from tests.races.shape import analyse, exclude_from, fill

PROCESSES = 4
CROWD = 64
LANES = 12
HEAD = 300
ENDS = {"return", "expire", "submit", "snooze", "escalate", "reassign"}

RUN_OUT = """
UPDATE assignment_slot SET expires_at = clock_timestamp() - interval '1 second' WHERE id IN
  (SELECT id FROM assignment_slot WHERE holder_id IS NOT NULL AND random() < 0.3 FOR NO KEY UPDATE SKIP LOCKED)
"""


def skewed(cast: Cast, *, items: int) -> list[Membership]:
    """Make a crowd before many lanes; half of it has reviewed the whole head already."""
    lanes = [
        lane_for(workspace_id=cast.workspace.pk, queue_id=cast.support.pk, skills=[f"skill-{n}"], language="")
        for n in range(LANES)
    ]
    crowd = reviewers(cast, CROWD, skills=[f"skill-{n}" for n in range(LANES)])
    fill(cast, lanes, HEAD, prefix="head-", rank=1)
    fill(cast, lanes, items, prefix="twice-", rank=10_000, reviews=2)
    for member in crowd[: CROWD // 2]:
        exclude_from(member, prefix="head-")
    analyse()
    return crowd


def let_time_pass(over: threading.Event) -> None:
    """Let a third of the open leases run out, again and again, and sweep them as the sweeper does."""
    try:
        while not over.is_set():
            with connection.cursor() as cursor:
                cursor.execute(RUN_OUT)
            pipeline.expire_due()
    finally:
        connection.close()


def overlaps() -> int:
    """Replay the audit trail: how often a slot's turn began before the one before it had ended."""
    slot_of = dict(Assignment.objects.values_list("pk", "slot_id"))
    turns: dict[UUID, dict[str, object]] = defaultdict(dict)
    for verb, subject, at in Event.objects.filter(subject_kind="assignment").values_list("verb", "subject_id", "at"):
        turns[subject]["ended" if verb in ENDS else "opened"] = at
    of_slot = defaultdict(list)
    for assignment_id, turn in turns.items():
        of_slot[slot_of[assignment_id]].append((turn["opened"], turn.get("ended")))
    return sum(_overlaps(sorted(ones, key=lambda one: one[0])) for ones in of_slot.values())


def _overlaps(turns: list) -> int:
    return sum(1 for before, after in pairwise(turns) if before[1] is None or before[1] > after[0])


def test_no_slot_is_held_by_two_people(cast: Cast) -> None:
    """Two thousand turns, 64 people in four processes; the control below needs no more than a hundred and twenty."""
    hand_out(cast, scaled(2_000))


@pytest.mark.long
@pytest.mark.parametrize("wanted", [20_000, 200_000])
def test_no_slot_is_held_by_two_people_for_long(cast: Cast, wanted: int) -> None:
    """The first takes over a minute on two cores."""
    hand_out(cast, scaled(wanted))


def hand_out(cast: Cast, wanted: int) -> None:
    crowd = skewed(cast, items=wanted // 4)
    opened = claimed_by_processes(crowd, wanted)
    assert opened >= wanted
    assert overlaps() == 0
    assert fences_with_two_turns() == 0
    print(f"0 overlaps in {opened} claims: the rate is under {3 / opened:.1e}")


def claimed_by_processes(crowd: list[Membership], wanted: int) -> int:
    """Let the crowd, spread over processes, open that many turns; return how many they opened."""
    shares = [crowd[number::PROCESSES] for number in range(PROCESSES)]
    over = threading.Event()
    with ExitStack() as running, ThreadPoolExecutor(1) as sweeper:
        processes = [running.enter_context(claimants(share, wanted // PROCESSES + 1)) for share in shares]
        assert [one.stdout.readline() for one in processes] == ["ready\n"] * PROCESSES  # type: ignore[union-attr]
        swept = sweeper.submit(let_time_pass, over)
        try:
            for one in processes:
                one.stdin.write("begin\n")  # type: ignore[union-attr]
                one.stdin.flush()  # type: ignore[union-attr]
            said = [one.communicate()[0] for one in processes]
        finally:
            over.set()
        swept.result()
    return sum(int(one) for one in said)


def claimants(share: list[Membership], wanted: int) -> AbstractContextManager[subprocess.Popen[str]]:
    return program("-m", "tests.races.claimants", str(wanted), *[str(one.pk) for one in share])


def fences_with_two_turns() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM assignment_assignment GROUP BY slot_id, fence HAVING count(*) > 1) t"
        )
        return cursor.fetchone()[0]


# --- the control: what the claim would do if it recorded the turn in a child row only --------------------------

_CHILD_ROW_CLAIM = """
INSERT INTO control_turn (slot_id) SELECT id FROM control_slot s
WHERE NOT EXISTS (SELECT 1 FROM control_turn t WHERE t.slot_id = s.id)
ORDER BY id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
"""
_TWICE = "SELECT count(*) FROM (SELECT 1 FROM control_turn GROUP BY slot_id HAVING count(*) > 1) t"


def test_a_claim_recorded_only_in_a_child_row_hands_out_twice(cast: Cast) -> None:
    """The control: the same crowd over a claim without our protection must fail, or the test above says nothing."""
    with superuser() as admin:
        admin.execute("CREATE UNLOGGED TABLE control_slot (id int PRIMARY KEY)")
        admin.execute("CREATE UNLOGGED TABLE control_turn (slot_id int)")
        try:
            assert any(handed_out_twice(admin) for _round in range(20))
        finally:
            admin.execute("DROP TABLE control_slot, control_turn")


def handed_out_twice(admin: psycopg.Connection) -> int:
    """Let the crowd claim 120 slots, and count those that two of them got."""
    admin.execute("TRUNCATE control_slot, control_turn")
    admin.execute("INSERT INTO control_slot SELECT generate_series(1, 120)")
    each(range(CROWD), claim_all)
    return admin.execute(_TWICE).fetchone()[0]  # type: ignore[index]


def superuser() -> psycopg.Connection:
    return psycopg.connect(admin_url(), dbname=connection.settings_dict["NAME"], autocommit=True)


def claim_all(_me: int) -> None:
    with superuser() as own:
        while own.execute(_CHILD_ROW_CLAIM).rowcount:
            pass
