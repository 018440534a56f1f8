"""A machine that does anything in any order, and holds the product against the small model after each step (I-16).

One example is one transaction that is rolled back at its end; the clock is the machine's own.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from reviewqueue import pipeline
from reviewqueue.assignment.actions import Turn, go_on_duty, leave_duty
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import SYSTEM, person
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.actions import forget_seen
from reviewqueue.intake.models import Item, ItemState
from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import forget_stops, stops_of
from reviewqueue.review.models import Escalation, Outcome
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import Signal, TriageDecision
from tests.cast import NOW, Cast, item
from tests.steps import edit, held_item, hold, submit
from tests.walk.holding import Held
from tests.walk.legal import illegal

Answer = TypeVar("Answer")
WHICH = st.integers(min_value=0, max_value=10**6)
PEOPLE = st.sampled_from(["reviewer", "reviewer2", "lead"])
QUEUES = st.sampled_from(["support", "careful", "both"])
SURE = st.sampled_from([0.3, 0.3, 0.9])
OBJECTIONS = st.sampled_from(["withdraw", "signal", "appeal"])
RISK = st.sampled_from(["low", "high"])
ONE = Judgement(decision="approve", severity="none")
JUDGEMENTS = {"approve": ONE, "edit": edit(), "reject": Judgement(decision="reject", severity="major")}
#: Past a beat, an undo, a deadline, a lease, a promise, and a lead's turn.
PAUSES = st.sampled_from([1, 4, 11, 61, 130, 310, 3_700, 90_000])
#: How often each verb was done, and how often it was refused, in this process.
done: Counter[str] = Counter()
refused: Counter[str] = Counter()


def machine(cast: Cast) -> type[RuleBasedStateMachine]:
    """Return a machine over the whole life of items in the cast's workspace."""
    return type("LifeOfCast", (Life,), {"cast": cast})


class Life(Held, RuleBasedStateMachine):
    """Everything that people, programs and workers do to items."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.numbers = count()
        self.turns: list[Turn] = []
        self.states: dict[str, str] = {}
        self._example = transaction.atomic()
        self._example.__enter__()

    def teardown(self) -> None:
        try:
            connection.check_constraints()  # those that wait for a commit, which never comes
        finally:
            transaction.set_rollback(True)
            self._example.__exit__(None, None, None)
            forget_stops(self.cast.workspace.pk)
            forget_seen()

    def step(self, verb: str, do: Callable[[], Answer]) -> Answer | None:
        """Take a step; the states move along the verb's arrows, and not at all when it is refused."""
        try:
            with transaction.atomic():
                answer = do()
        except ProductError:
            refused[verb] += 1
            assert self._seen() == self.states, f"{verb} was refused, and has moved something all the same"
            return None
        done[verb] += 1
        after = self._seen()
        wrong = illegal(verb, self.states, after)
        assert not wrong, f"{verb} has moved items where it may not: {sorted(wrong.values())}"
        self.states = after
        return answer

    def _seen(self) -> dict[str, str]:
        return dict(ItemState.objects.filter(workspace_id=self.cast.workspace.pk).values_list("item_id", "state"))

    # --- what arrives ---------------------------------------------------------------------------------------

    @rule(confidence=SURE, risk=RISK)
    def submits(self, confidence: float, risk: str) -> None:
        one = item(f"conv-{next(self.numbers)}", confidence=confidence, risk={"level": risk})
        self.step("submit_items", lambda: submit(self.cast, one, now=self.now))

    @rule(confidence=SURE, risk=RISK, on_timeout=st.sampled_from(["pass", "withhold", "fallback"]))
    def submits_and_waits(self, confidence: float, risk: str, on_timeout: str) -> None:
        name = f"held-{next(self.numbers)}"
        one = held_item(name, on_timeout=on_timeout, confidence=confidence, risk={"level": risk})
        self.step("submit_gated", lambda: hold(self.cast, one, now=self.now))

    @rule(who=PEOPLE, here=st.booleans())
    def comes_or_goes(self, who: str, here: bool) -> None:
        go = go_on_duty if here else leave_duty
        self.step("duty", lambda: go(membership=getattr(self.cast, who), now=self.now))

    @rule()
    def triages(self) -> None:
        passed = TriageDecision.objects.filter(result=TriageDecision.Result.PASS).count()
        taken = take_pending(now=self.now)
        self.step("triage_items", lambda: pipeline.triage_items(taken=taken, now=self.now))
        if stops_of(self.cast.workspace.pk, anew=True).over(
            source=self.cast.source.slug, queue_id=self.cast.support.pk
        ):
            assert TriageDecision.objects.filter(result=TriageDecision.Result.PASS).count() == passed

    # --- turns ----------------------------------------------------------------------------------------------

    @rule(who=PEOPLE, queue=QUEUES, held_only=st.booleans())
    def claims(self, who: str, queue: str, held_only: bool) -> None:
        asked = [self.cast.support, self.cast.careful] if queue == "both" else [getattr(self.cast, queue)]
        member = getattr(self.cast, who)
        turn = self.step(
            "claim_next",
            lambda: pipeline.claim_next(membership=member, queues=asked, held_only=held_only, now=self.now),
        )
        if turn:
            self.turns.append(turn)
            self._is_not_stopped(turn)

    def _is_not_stopped(self, turn: Turn) -> None:
        entry = turn.assignment.entry
        running = stops_of(self.cast.workspace.pk, anew=True)
        assert running.over(source=entry.item.source.slug, queue_id=entry.queue_id) is None

    @rule(which=WHICH, wrong_fence=st.booleans())
    def beats(self, which: int, wrong_fence: bool) -> None:
        """A heartbeat renews a lease exactly as long as it is held (I-10)."""
        if not (turn := self._one(self.turns, which)):
            return
        fence = turn.fence + wrong_fence
        slot = Slot.objects.get(pk=turn.assignment.slot_id)
        holds = (slot.holder_id, slot.fence, slot.closed_at) == (turn.assignment.user_id, fence, None)
        try:
            pipeline.heartbeat(assignment=turn.assignment, fence=fence, draft={"note": "so far"}, now=self.now)
            renewed = True
        except TurnOver:
            renewed = False
        slot_after = Slot.objects.get(pk=slot.pk)
        assert renewed == holds
        assert slot_after.fence == slot.fence
        assert renewed or slot_after.expires_at == slot.expires_at

    @rule(which=WHICH, said=st.sampled_from(sorted(JUDGEMENTS)))
    def judges(self, which: int, said: str) -> None:
        if not (turn := self._one(self.turns, which)):
            return
        by, judgement = turn.assignment.user, JUDGEMENTS[said]
        before = Slot.objects.get(pk=turn.assignment.slot_id)
        done = self.step(
            "submit_review",
            lambda: pipeline.submit_review(
                assignment=turn.assignment, fence=turn.fence, by=by, judgement=judgement, now=self.now
            ),
        )
        assert not done or (before.fence, before.closed_at) == (turn.fence, None)

    @rule(which=WHICH)
    def returns(self, which: int) -> None:
        self._ends("give_back", which, lambda turn: {"by": turn.assignment.user, "reason": "unsure"})

    @rule(which=WHICH, pause=PAUSES)
    def snoozes(self, which: int, pause: int) -> None:
        until = self.now + timedelta(seconds=pause)
        self._ends("snooze", which, lambda turn: {"by": turn.assignment.user, "until": until})

    @rule(which=WHICH)
    def escalates(self, which: int) -> None:
        self._ends("escalate", which, lambda turn: {"by": turn.assignment.user, "question": "Whose?"})

    def _ends(self, verb: str, which: int, more: Callable[[Turn], dict[str, Any]]) -> None:
        if turn := self._one(self.turns, which):
            do = getattr(pipeline, verb)
            self.step(verb, lambda: do(assignment=turn.assignment, fence=turn.fence, now=self.now, **more(turn)))

    @rule(which=WHICH)
    def undoes(self, which: int) -> None:
        made = list(Outcome.objects.filter(review__isnull=False).select_related("review__user").order_by("pk"))
        if outcome := self._one(made, which):
            self._takes("undo", lambda: pipeline.undo(outcome=outcome, by=outcome.review.user, now=self.now))

    # --- leads ----------------------------------------------------------------------------------------------

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

    def _takes(self, verb: str, do: Callable[[], Turn]) -> Turn | None:
        turn = self.step(verb, do)
        self.turns += [turn] if turn else []
        return turn

    # --- from outside -----------------------------------------------------------------------------------------

    @rule(
        which=WHICH, verb=st.sampled_from(["withdraw", "signal", "appeal"]), kind=st.sampled_from(Signal.Kind.values)
    )
    def objects(self, which: int, verb: str, kind: str) -> None:
        if one := self._one(list(Item.objects.filter(source=self.cast.source).order_by("pk")), which):
            more = {"kind": Signal.Kind(kind)} if verb == "signal" else {}
            do = getattr(pipeline, verb)
            self.step(verb, lambda: do(item=one, by=SYSTEM, now=self.now, **more))

    # --- workers and the clock ----------------------------------------------------------------------------------

    @rule(seconds=PAUSES)
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(verb=st.sampled_from(["expire_due", "time_out_due", "carry_out_stops"]))
    def sweeps(self, verb: str) -> None:
        self.step(verb, lambda: getattr(pipeline, verb)(now=self.now))

    @rule()
    def publishes(self) -> None:
        self.step("publish", lambda: pipeline.publish(workspace_id=self.cast.workspace.pk, now=self.now))

    # --- stops ----------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(["source", "support", "careful", "everything"]))
    def stops(self, what: str) -> None:
        target: dict[str, Any] = {"source": self.cast.source} if what == "source" else {}
        if what in {"support", "careful"}:
            target = {"queue": getattr(self.cast, what)}
        self.step(
            "stop",
            lambda: pipeline.stop(
                workspace=self.cast.workspace,
                why=Stop.Why.EXERCISE,
                by=person(self.cast.lead.user_id),
                person=self.cast.lead.user,
                now=self.now,
                **target,
            ),
        )
        forget_stops(self.cast.workspace.pk)

    @rule(which=WHICH)
    def goes_on(self, which: int) -> None:
        if one := self._one(list(stops_of(self.cast.workspace.pk, anew=True).stops), which):
            self.step("end_stop", lambda: pipeline.end_stop(stop=one, by=SYSTEM, now=self.now))
            forget_stops(self.cast.workspace.pk)

    def _one(self, among: list[Answer], which: int) -> Answer | None:
        """Return one of them; late ones as often as all others, so that what is new is done something to."""
        if not among:
            return None
        lately = among[-4:]
        return lately[which % len(lately)] if which % 2 else among[which // 2 % len(among)]
