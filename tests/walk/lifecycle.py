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
from reviewqueue.assignment.models import Slot
from reviewqueue.audit.actions import SYSTEM, person
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.actions import forget_seen
from reviewqueue.intake.models import Item, ItemState
from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import forget_stops, stops_of
from reviewqueue.review.models import Outcome
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import Signal, TriageDecision
from tests.cast import NOW, Cast, item
from tests.steps import edit, held_item, hold, submit
from tests.walk.dealt import Dealt
from tests.walk.holding import Held
from tests.walk.leading import Leads
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
PAUSES = st.sampled_from([1, 1, 1, 1, 4, 4, 4, 11, 11, 61, 130, 310, 3_700, 90_000])
SWEEPS = st.sampled_from(
    ["expire_due", "time_out_due", "carry_out_stops", "take_back_absent", "publish", "publish", "look_late"]
)
OFTEN, SELDOM = st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])
JUDGE, LET_GO = ["approve", "edit", "edit", "reject", "undo"], ["give_back", "snooze", "escalate"]
THEN = st.sampled_from(["keep", "keep", *JUDGE, *LET_GO])
#: How often each verb was done, and how often it was refused, in this process.
done: Counter[str] = Counter()
refused: Counter[str] = Counter()


def machine(cast: Cast) -> type[RuleBasedStateMachine]:
    """Return a machine over the whole life of items in the cast's workspace."""
    return type("LifeOfCast", (Life,), {"cast": cast})


class Life(Dealt, Leads, Held, RuleBasedStateMachine):
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

    @rule(confidence=SURE, risk=RISK, and_triaged=OFTEN)
    def submits(self, confidence: float, risk: str, and_triaged: bool) -> None:
        one = item(f"conv-{next(self.numbers)}", confidence=confidence, risk={"level": risk})
        self.step("submit_items", lambda: submit(self.cast, one, now=self.now))
        if and_triaged:
            self.triages()

    @rule(confidence=SURE, risk=RISK, on_timeout=st.sampled_from(["pass", "withhold", "fallback"]), rude=SELDOM)
    def submits_and_waits(self, confidence: float, risk: str, on_timeout: str, rude: bool) -> None:
        said = {"output": {"content": "You idiot."}} if rude else {}
        name = f"held-{next(self.numbers)}"
        one = held_item(name, on_timeout=on_timeout, confidence=confidence, risk={"level": risk}, **said)
        self.step("submit_gated", lambda: hold(self.cast, one, now=self.now))

    @rule(who=PEOPLE, here=OFTEN)
    def comes_or_goes(self, who: str, here: bool) -> None:
        go = go_on_duty if here else leave_duty
        self.step("duty", lambda: go(membership=getattr(self.cast, who), now=self.now))

    def triages(self) -> None:
        passed = TriageDecision.objects.filter(result=TriageDecision.Result.PASS)
        before = passed.count()
        taken = take_pending(now=self.now)
        self.step("triage_items", lambda: pipeline.triage_items(taken=taken, now=self.now))
        running = stops_of(self.cast.workspace.pk, anew=True)
        if running.over(source=self.cast.source.slug, queue_id=self.cast.support.pk):
            assert passed.count() == before

    # --- turns ----------------------------------------------------------------------------------------------

    @rule(who=PEOPLE, queue=QUEUES, held_only=SELDOM, then=THEN)
    def claims(self, who: str, queue: str, held_only: bool, then: str) -> None:
        asked = [self.cast.support, self.cast.careful] if queue == "both" else [getattr(self.cast, queue)]
        member = getattr(self.cast, who)
        turn = self._takes(
            "claim_next",
            lambda: pipeline.claim_next(membership=member, queues=asked, held_only=held_only, now=self.now),
        )
        if turn:
            self._is_not_stopped(turn)
            self._goes_on_with(turn, then)

    @rule(which=WHICH, then=THEN)
    def goes_on_with_a_turn(self, which: int, then: str) -> None:
        if turn := self._one(self.turns, which):
            self._goes_on_with(turn, then)

    def _goes_on_with(self, turn: Turn, then: str) -> None:
        by, until = turn.assignment.user, self.now + timedelta(minutes=2)
        if then in JUDGEMENTS:
            self._judges(turn, JUDGEMENTS[then])
        elif then == "undo":
            submitted = self._judges(turn, ONE)
            if submitted and (outcome := submitted.outcome):
                self._takes("undo", lambda: pipeline.undo(outcome=outcome, by=by, now=self.now))
        elif then == "give_back":
            self._ends("give_back", turn, by=by, reason="unsure")
        elif then == "snooze":
            self._ends("snooze", turn, by=by, until=until)
        elif then == "escalate":
            self._ends("escalate", turn, by=by, question="Whose?")

    def _judges(self, turn: Turn, judgement: Judgement) -> pipeline.Submitted | None:
        before = Slot.objects.get(pk=turn.assignment.slot_id)
        submitted = self._ends("submit_review", turn, by=turn.assignment.user, judgement=judgement)
        assert not submitted or (before.fence, before.closed_at) == (turn.fence, None)
        return submitted

    def _ends(self, verb: str, turn: Turn, **more: Any) -> Any:
        do = getattr(pipeline, verb)
        return self.step(verb, lambda: do(assignment=turn.assignment, fence=turn.fence, now=self.now, **more))

    def _takes(self, verb: str, do: Callable[[], Turn]) -> Turn | None:
        turn = self.step(verb, do)
        self.turns += [turn] if turn else []
        return turn

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

    @rule(which=WHICH)
    def undoes(self, which: int) -> None:
        made = Outcome.objects.filter(review__isnull=False).select_related("review__user").order_by("pk")
        if outcome := self._one(list(made), which):
            self._takes("undo", lambda: pipeline.undo(outcome=outcome, by=outcome.review.user, now=self.now))

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

    @rule(seconds=PAUSES, verb=SWEEPS)
    def time_passes(self, seconds: int, verb: str) -> None:
        self.now += timedelta(seconds=seconds)
        of = {"workspace_id": self.cast.workspace.pk} if verb == "publish" else {}
        self.step(verb, lambda: getattr(pipeline, verb)(now=self.now, **of))

    # --- stops ----------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(["source", "support", "careful", "everything"]), really=SELDOM)
    def stops(self, what: str, really: bool) -> None:
        if not really:
            return
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
        """Return one of them, every other time one of the last, so that something is done to what is new."""
        if not among:
            return None
        lately = among[-4:]
        return lately[which % len(lately)] if which % 2 else among[which // 2 % len(among)]
