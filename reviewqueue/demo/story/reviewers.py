"""People at work: each claims, thinks for a while, and submits, through the ordinary verbs."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import Turn
from reviewqueue.demo.judging import Judgement as Opinion
from reviewqueue.demo.judging import judge
from reviewqueue.queues.models import Queue
from reviewqueue.review.rules import Judgement

from .arrivals import Arrival

#: Seconds a person spends on one item: 21 an hour, as measured in the pilot.
PACE = (110, 230)
#: How often a reviewer would rather ask a lead about a customer whom the strike has hit.
ASKS = 0.08
#: How often a reviewer puts an item aside, to ask the warehouse, and for how long: longer than was promised.
PUTS_ASIDE, ASIDE = 0.012, timedelta(hours=3)
#: Until so long before the demo begins the lead answered at once; since then the questions wait.
UNANSWERED = timedelta(minutes=100)
QUESTION = "The strike is not in our rules. May I promise to waive the express fee?"


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

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a story, not a secret
        self.doubt = random.Random(1_000 + self.seed)  # noqa: S311 - as above

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
        struck = "delivery-strike" in arrival.customer.expected and arrival.at > self.leaves_at - UNANSWERED
        if struck and self.chance.random() < ASKS:
            pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=by, question=QUESTION, now=at)
            return
        judgement = judgement_of(judge(arrival.customer, arrival.answer, seed=self.seed), arrival)
        pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=by, judgement=judgement, now=at)


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
