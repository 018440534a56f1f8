"""What leads do in the lifecycle: give, take away, answer, and shift items about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from reviewqueue import pipeline
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Escalation
from tests.cast import Cast

WHICH = st.integers(min_value=0, max_value=10**6)
PEOPLE = st.sampled_from(["reviewer", "reviewer2", "lead"])
SHIFTS = st.sampled_from(["raise_rank", "lower_rank", "hold", "release_hold", "reassign", "move_entry", "move_entry"])


class Leads:
    """The rules of the machine in lifecycle.py that are a lead's."""

    cast: Cast
    now: datetime
    step: Callable[..., Any]
    _one: Callable[..., Any]
    _takes: Callable[..., Turn | None]
    _is_not_stopped: Callable[[Turn], None]

    @rule(which=WHICH, to=PEOPLE)
    def assigns(self, which: int, to: str) -> None:
        slots = list(Slot.objects.filter(closed_at=None).select_related("entry__item__source").order_by("pk"))
        if slot := self._one(slots, which):
            user = getattr(self.cast, to).user
            turn = self._takes("assign", lambda: pipeline.assign(slot=slot, to=user, by=self._lead, now=self.now))
            if turn:
                self._is_not_stopped(turn)

    @rule(which=WHICH)
    def takes_away(self, which: int) -> None:
        if turn := self._one(self._open_turns(), which):
            self.step("take_away", lambda: pipeline.take_away(assignment=turn, by=self._lead, now=self.now))

    @rule(which=WHICH, back=st.booleans())
    def answers_a_question(self, which: int, back: bool) -> None:
        asked = list(Escalation.objects.filter(ended_at=None).order_by("pk"))
        if not (one := self._one(asked, which)):
            return
        if back:
            self.step("hand_back", lambda: pipeline.hand_back(escalation=one, by=self._lead, now=self.now))
        else:
            to = self.cast.lead.user
            take = {"escalation": one, "to": to, "by": self._lead, "now": self.now}
            self._takes("take_escalation", lambda: pipeline.take_escalation(**take))

    @property
    def _lead(self) -> Any:
        return self.cast.viewer("lead")

    def _open_turns(self) -> list[Assignment]:
        return list(Assignment.objects.filter(ended_at=None).order_by("pk"))

    @rule(which=WHICH, verb=SHIFTS, to=PEOPLE, queue=st.sampled_from(["support", "careful"]))
    def shifts(self, which: int, verb: str, to: str, queue: str) -> None:
        if not (one := self._one(list(Item.objects.filter(source=self.cast.source).order_by("pk")), which)):
            return
        more: dict[str, dict[str, Any]] = {
            "raise_rank": {"minutes": 30},
            "lower_rank": {"minutes": 30},
            "hold": {"until": self.now + timedelta(minutes=2) if which % 2 else None},
            "reassign": {"to": getattr(self.cast, to).user},
            "move_entry": {"to": getattr(self.cast, queue)},
        }
        given = {"item": one, "by": self._lead, "now": self.now, **more.get(verb, {})}
        if verb == "reassign":
            turn = self._takes(verb, lambda: pipeline.reassign(**given)[0])
            if turn:
                self._is_not_stopped(turn)
        else:
            self.step(verb, lambda: getattr(pipeline, verb)(**given))
