"""Leads at the same moment: one gives an item away that its reviewer gives back, one regroups what another's ruling
settles. The steps are made to meet: each waits until the other is where it hurts."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.common.errors import Conflict
from reviewqueue.edgecases.models import EdgeCaseItem
from reviewqueue.pipeline import edge_cases, taking
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.edgecases.steps import REJECT, asked, items, opened
from tests.races.crowd import together
from tests.steps import claim, queued


def somebody_waits() -> bool:
    """Return whether a connection to this database waits for a row by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def until(happened: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait until something happened, or too long; return whether it did."""
    ends = time.monotonic() + seconds
    while not happened() and time.monotonic() < ends:
        time.sleep(0.02)
    return happened()


# --- given away while it is given back ----------------------------------------------------------------------------


def given_away_and_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let a lead give an item to whoever returns it between the lead's look and the lead's deed."""
    queued(cast)
    turn, slot = claim(cast, cast.reviewer, now=None), Slot.objects.get()
    looked, returned = Event(), Event()
    check = taking._check_person

    def look(*given: Any) -> None:
        check(*given)
        looked.set()
        until(lambda: returned.is_set() or somebody_waits())

    def give_back() -> None:
        looked.wait(timeout=5)
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="")
        returned.set()

    monkeypatch.setattr(taking, "_check_person", look)
    lead = cast.viewer("lead")
    return together(lambda: pipeline.assign(slot=slot, to=cast.reviewer.user, by=lead, now=NOW), give_back)


def is_theirs_again(cast: Cast) -> bool:
    return Assignment.objects.filter(user=cast.reviewer.user, ended_at=None).exists()


def test_what_somebody_gives_back_at_this_moment_is_not_given_to_them(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, returned = given_away_and_back(cast, monkeypatch)
    assert isinstance(given, Conflict)
    assert returned is None
    assert not is_theirs_again(cast)


def test_without_the_hold_on_the_stay_it_comes_back_to_who_returned_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the lead looked before it was returned, and acted afterwards."""
    monkeypatch.setattr(taking, "hold_entry", lambda pk: QueueEntry.objects.get(pk=pk))
    given_away_and_back(cast, monkeypatch)
    assert is_theirs_again(cast)


# --- regrouped while it is settled --------------------------------------------------------------------------------


def test_a_ruling_and_a_regrouping_at_once_do_not_wait_for_each_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalations = asked(cast, *items(1))
    case, other = opened(cast, escalations), opened(cast, [])
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    (member,) = EdgeCaseItem.objects.select_related("ruling__content", "escalation")
    held, hold = Event(), edge_cases._hold

    def hold_and_wait(given: Any) -> Any:
        rows = hold(given)
        held.set()
        assert until(somebody_waits), "the ruling never came to what is being regrouped"
        return rows

    def settle() -> None:
        held.wait(timeout=5)
        pipeline.ruling.settle_one(member=member, now=NOW)

    monkeypatch.setattr(edge_cases, "_hold", hold_and_wait)
    regroup = {"case": other, "escalations": escalations, "by": cast.viewer("lead"), "now": NOW}
    assert together(lambda: pipeline.add_to_case(**regroup), settle) == [1, None]
    assert EdgeCaseItem.objects.get(removed_at=None).case == other
    assert not EdgeCaseItem.objects.filter(settled_at__isnull=False).exists()
