"""People at work: each claims, thinks for a while, and submits, through the ordinary verbs."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership, Role
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.models import Slot
from reviewqueue.demo.judging import Judgement as Opinion
from reviewqueue.demo.judging import judge
from reviewqueue.queues.models import Queue
from reviewqueue.review.rules import Judgement

from . import week
from .arrivals import Arrival

#: Seconds a person spends on one item: 21 an hour, as measured in the pilot.
PACE = (110, 230)
#: How often a reviewer would rather ask a lead about a customer whom the strike has hit, or about their money.
ASKS, ASKS_ABOUT_MONEY = 0.08, 0.2
#: How often a reviewer puts an item aside, to ask the warehouse, and for how long: longer than was promised.
PUTS_ASIDE, ASIDE = 0.012, timedelta(hours=3)
#: Until so long before the demo begins the lead answered at once; since then the questions wait.
UNANSWERED = timedelta(minutes=100)
#: Why the lead answers none of them alone.
FOR_A_RULING = "Several ask the same: one ruling for all of them."
#: In the language of the customer, as reviewers wrote them.
ABOUT_FEES = {
    "en": (
        "The strike is not in our rules. May I promise to waive the express fee?",
        "They paid for express and the depot stands still. Do they get the fee back?",
        "Gold customer, express, strike. May I give the express fee back without asking each time?",
    ),
    "de": ("Der Streik steht nicht in unseren Regeln. Darf ich die Expressgebühr erlassen?",),
}
ABOUT_MONEY = {
    "en": (
        "The parcel is late, not lost. Does the customer get the money back already?",
        "They ask for a refund because of the strike. The handbook has the delay credit only. Which is it?",
        "Delay credit or full refund? It is the strike's fault, not ours.",
    ),
    "de": ("Das Paket ist nur verspätet, nicht verloren. Wird schon erstattet?",),
}


@dataclass
class Worker:
    """One reviewer on shift."""

    membership: Membership
    queues: list[Queue]
    seed: int
    busy_until: datetime
    leaves_at: datetime
    chance: random.Random = field(init=False)
    doubt: random.Random = field(init=False)
    words: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a story, not a secret
        self.doubt = random.Random(1_000 + self.seed)  # noqa: S311 - as above
        self.words = random.Random(2_000 + self.seed)  # noqa: S311 - as above

    def work(self, *, since: datetime, until: datetime, arrivals: dict[str, Arrival]) -> int:
        """Review one item after the other in a time; return how many. Nothing is begun that cannot be ended."""
        done = 0
        self.busy_until = max(self.busy_until, since)
        while self.busy_until < until:
            needed = timedelta(seconds=self.chance.uniform(*PACE))
            if self.busy_until + needed > self.leaves_at:
                break
            turn = pipeline.claim_next(membership=self.membership, queues=self.queues, now=self.busy_until)
            if turn is None:
                self.busy_until = until
                break
            self.busy_until += needed
            self._finish(turn, arrivals[turn.assignment.item.external_id])
            done += 1
        return done

    def _finish(self, turn: Turn, arrival: Arrival) -> None:
        by, at = self.membership.user, self.busy_until
        if self.doubt.random() < PUTS_ASIDE:
            pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=by, until=at + ASIDE, now=at)
            return
        question = self._question(arrival, at)
        if question and turn.assignment.slot.kind == Slot.Kind.ADJUDICATION:
            pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=by, reason=FOR_A_RULING, now=at)
            return
        if question and self.membership.role != Role.LEAD:
            pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=by, question=question, now=at)
            return
        judgement = judgement_of(judge(arrival.customer, arrival.answer, seed=self.seed), arrival)
        pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=by, judgement=judgement, now=at)

    def _question(self, arrival: Arrival, at: datetime) -> str:
        """Return what the reviewer would rather ask a lead; an empty text when they know it themselves."""
        customer, lately = arrival.customer, arrival.at > self.leaves_at - UNANSWERED
        if week.ADDRESS in customer.expected and customer.locale == "en" and at < week.ruled_at(self.leaves_at):
            return week.QUESTION
        if lately and "delivery-strike" in customer.expected and self.chance.random() < ASKS:
            return self.words.choice(ABOUT_FEES[customer.locale])
        about_money = customer.delayed and "refund-amount" in arrival.answer.risk_tags
        if lately and about_money and self.doubt.random() < ASKS_ABOUT_MONEY:
            return self.words.choice(ABOUT_MONEY[customer.locale])
        return ""


def judgement_of(opinion: Opinion, arrival: Arrival) -> Judgement:
    """Return a person's opinion as the product takes it; a correction that changes nothing is an approval."""
    if opinion.correction is not None and opinion.correction.strip() == arrival.answer.content.strip():
        return Judgement(decision="approve")
    correction = {"content": opinion.correction} if opinion.correction is not None else None
    return Judgement(
        decision=opinion.decision,
        severity=opinion.severity,
        correction=correction,
        reason_codes=list(opinion.reason_codes),
        cause=opinion.cause or "",
        note=opinion.note,
        follow_up=opinion.follow_up,
        train=opinion.train,
        shown={"confidence": False},
    )
