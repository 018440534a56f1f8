"""Push and pull at once (I-7): dealers fill hands while a crowd claims, and no slot is given to two people."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import dealing, lane_for
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.assignment.models import Assignment, Presence
from reviewqueue.common.clock import database_now
from tests.cast import NOW, Cast
from tests.races.crowd import reviewers, scaled, together
from tests.races.shape import analyse, fill
from tests.races.test_one_holder import fences_with_two_turns, overlaps, superuser
from tests.steps import edit

CROWD = 16
PULL = 8
DEALERS = 3
LIMIT = 3
ROUNDS = 7


def workplace(cast: Cast, *, items: int) -> list[Membership]:
    """Make a crowd before a line; those behind the first of it are a team that is dealt to."""
    lane = lane_for(workspace_id=cast.workspace.pk, queue_id=cast.support.pk, skills=[], language="")
    crowd, lead = reviewers(cast, CROWD), cast.viewer("lead")
    fill(cast, [lane], items, prefix="race-", rank=1, reviews=2)
    team = accounts.create_team(name="Dealt to", by=lead, now=NOW)
    for member in crowd[PULL:]:
        accounts.join_team(team=team, user_id=member.user_id, by=lead, now=NOW)
        Presence.objects.create(workspace=cast.workspace, user=member.user, seen_at=database_now())
    accounts.limit_hands(team=team, hand_limit=LIMIT, by=lead, now=NOW)
    accounts.begin_dealing(team=team, by=lead, now=NOW)
    analyse()
    return crowd


def deals(cast: Cast) -> Callable[[], None]:
    def step() -> None:
        for _round in range(scaled(ROUNDS)):
            pipeline.deal(workspace_id=cast.workspace.pk)

    return step


def claims(cast: Cast, member: Membership) -> Callable[[], None]:
    """Return a person who claims, and submits or returns what they got."""
    chance = random.Random(member.pk.int)

    def step() -> None:
        for _round in range(scaled(ROUNDS)):
            turn = pipeline.claim_next(membership=member, queues=[cast.support])
            if turn is not None and chance.random() < 0.7:
                pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=member.user, reason="")

    return step


def works(member: Membership) -> Callable[[], None]:
    """Return a person who submits what was dealt to them."""

    def step() -> None:
        for _round in range(scaled(ROUNDS)):
            for turn in Assignment.objects.filter(user=member.user, ended_at=None).select_related("slot")[:2]:
                try:
                    pipeline.submit_review(assignment=turn, fence=turn.fence, by=member.user, judgement=edit())
                except TurnOver:
                    continue

    return step


def all_at_once(cast: Cast, crowd: list[Membership]) -> list[Any]:
    steps = [deals(cast) for _dealer in range(DEALERS)]
    steps += [claims(cast, member) for member in crowd[:PULL]]
    steps += [works(member) for member in crowd[PULL:]]
    return together(*steps)


def faults(answers: list[Any]) -> list[BaseException]:
    return [one for one in answers if isinstance(one, BaseException)]


def test_no_slot_is_both_dealt_and_claimed(cast: Cast) -> None:
    crowd = workplace(cast, items=scaled(60))
    assert faults(all_at_once(cast, crowd)) == []
    dealt = Assignment.objects.filter(how=Assignment.How.DEALT).count()
    claimed = Assignment.objects.filter(how=Assignment.How.CLAIMED).count()
    assert dealt > 20
    assert claimed > 20
    assert (overlaps(), fences_with_two_turns(), held_by_somebody_else()) == (0, 0, 0)
    print(f"0 overlaps in {dealt} dealt and {claimed} claimed")


def test_two_dealers_never_fill_one_hand_beyond_its_limit(cast: Cast) -> None:
    crowd = workplace(cast, items=scaled(60))
    assert faults(together(*[deals(cast) for _dealer in range(DEALERS)])) == []
    held = Counter(Assignment.objects.filter(ended_at=None).values_list("user_id", flat=True))
    assert held == {member.user_id: LIMIT for member in crowd[PULL:]}


def held_by_somebody_else() -> int:
    """Return how many slots say another holder than the open turn does."""
    turns = Assignment.objects.filter(ended_at=None).select_related("slot")
    return sum(1 for turn in turns if turn.slot.holder_id != turn.user_id)


# --- the control: a dealer that trusts its plan ------------------------------------------------------------------

_TRUSTING = """
UPDATE assignment_slot SET holder_id = %(user)s, fence = fence + 1,
  expires_at = clock_timestamp() + %(lease)s::interval
WHERE id = %(slot)s RETURNING id, entry_id, item_id, fence, expires_at, clock_timestamp()
"""


@pytest.fixture
def _no_second_fence(transactional_db: None) -> Iterator[None]:
    """Take away the index that would refuse a second open turn, as a mistake in a migration could."""
    index = "assignment_open_once_per_slot"
    with superuser() as admin:
        (definition,) = admin.execute("SELECT pg_get_indexdef(%s::regclass)", [index]).fetchone()  # type: ignore[misc]
        admin.execute(f"DROP INDEX {index}")
        try:
            yield
        finally:
            connection.close()
            admin.execute("SET session_replication_role = replica")  # without the triggers that refuse it
            admin.execute("TRUNCATE assignment_assignment CASCADE")
            admin.execute(definition)


@pytest.mark.usefixtures("_no_second_fence")
def test_a_dealer_that_trusts_its_plan_gives_slots_to_two_people(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same crowd over a slot that is not taken as a claim takes it must fail."""
    monkeypatch.setattr(dealing, "_DEAL", _TRUSTING)
    crowd = workplace(cast, items=scaled(60))
    all_at_once(cast, crowd)
    assert overlaps() + held_by_somebody_else() > 0
