"""What holds after every step of the lifecycle, whatever it was."""

from typing import Any

from django.db import connection
from hypothesis.stateful import invariant

from reviewqueue.assignment.models import Slot
from tests.cast import Cast
from tests.faults.counting import CONSERVATION, broken


class Held:
    """The invariants of the machine in lifecycle.py."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.fences: dict[Any, int] = {}
        self.published: list[tuple] = []
        self.events = 0

    @invariant()
    def nothing_is_lost(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(CONSERVATION)
            assert broken(cursor.fetchall()) == {}

    @invariant()
    def a_fence_only_rises_and_is_one_turns_alone(self) -> None:
        fences = dict(Slot.objects.values_list("pk", "fence"))
        assert {pk: fence for pk, fence in fences.items() if fence < self.fences.get(pk, 0)} == {}
        self.fences = fences
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) - count(DISTINCT (slot_id, fence)), (SELECT count(*) FROM audit_event)"
                " FROM assignment_assignment"
            )
            twice, events = cursor.fetchone()
        assert twice == 0
        assert events >= self.events
        self.events = events

    @invariant()
    def what_was_published_stays_as_it_was_in_its_order(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT p.position, p.item_id, o.id, md5(o::text), md5(coalesce(c::text, ''))"
                " FROM review_publication p JOIN review_outcome o ON o.id = p.outcome_id"
                " LEFT JOIN review_outcomecontent c ON c.outcome_id = o.id"
                " WHERE p.workspace_id = %s ORDER BY p.position",
                [self.cast.workspace.pk],
            )
            rows = cursor.fetchall()
        assert rows[: len(self.published)] == self.published
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        self.published = rows

    @invariant()
    def an_ended_stop_that_is_done_with_holds_nothing(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM assignment_slot s JOIN queues_stop q ON q.id = s.stop_id"
                " WHERE q.let_go_at IS NOT NULL), (SELECT count(*) FROM triage_pending t JOIN queues_stop q"
                " ON q.id = t.stop_id WHERE q.let_go_at IS NOT NULL)"
            )
            assert cursor.fetchone() == (0, 0)
