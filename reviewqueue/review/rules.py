"""What reviews add up to, and what a judgement must hold: pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from reviewqueue.common.errors import Invalid, Place
from reviewqueue.common.exactjson import numbered
from reviewqueue.common.samejson import same_text
from reviewqueue.intake.models import Declaration, Gate, Kind, Risk
from reviewqueue.queues.models import Queue

from .corrections import correction_faults, final_of
from .models import Basis, Cause, Decision, Outcome, Review, Severity


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer says of an item; ``correction`` is the edited output in the item kind's own form.

    ``written`` is the same as JSON text, where it came as one: its numbers keep their digits.
    """

    decision: str
    severity: str = Severity.NONE
    correction: dict[str, Any] | None = None
    reason_codes: list[str] = field(default_factory=list)
    cause: str = ""
    note: str = ""
    follow_up: bool = False
    train: bool = True
    shown: dict[str, Any] = field(default_factory=dict)
    written: str = ""


def check(
    judgement: Judgement,
    *,
    kind: str,
    output: dict[str, Any],
    declaration: Declaration | None,
    reasons: Sequence[str],
) -> None:
    """Raise Invalid with every place where a judgement does not fit the item it judges.

    Whether a correction changed anything is seen to the digit where ``output`` has them (exactjson.numbered).
    """
    places = [*_choices(judgement, reasons), *_correction(judgement, kind, output, declaration)]
    if kind == Kind.COMPARISON and judgement.decision == Decision.APPROVE:
        places.append(Place("#/decision", "Which one? Edit with the preferred candidate, or reject them all."))
    if places:
        raise Invalid("The review is incomplete.", places=places)


def _choices(judgement: Judgement, reasons: Sequence[str]) -> list[Place]:
    places = []
    if judgement.decision not in Decision.values:
        places.append(Place("#/decision", "Choose approve, edit or reject."))
    if judgement.severity not in Severity.values:
        places.append(Place("#/severity", "Say how bad it was: none, minor, major or critical."))
    elif judgement.decision == Decision.APPROVE and judgement.severity != Severity.NONE:
        places.append(Place("#/severity", "An approved answer has no severity; edit or reject it instead."))
    elif judgement.decision == Decision.REJECT and judgement.severity == Severity.NONE:
        places.append(Place("#/severity", "A rejected answer is at least a minor fault."))
    if judgement.cause and judgement.cause not in Cause.values:
        places.append(Place("#/cause", f"The cause is one of {', '.join(Cause.values)}."))
    if unknown := sorted(set(judgement.reason_codes) - set(reasons)):
        places.append(Place("#/reason_codes", f"These reason codes are not known: {', '.join(unknown)[:200]}."))
    if len(judgement.note) > 10_000:
        places.append(Place("#/note", "A note has at most 10,000 characters."))
    return places


def _correction(
    judgement: Judgement, kind: str, output: dict[str, Any], declaration: Declaration | None
) -> list[Place]:
    if judgement.decision != Decision.EDIT:
        return (
            [Place("#/correction", "Only an edit carries a correction.")] if judgement.correction is not None else []
        )
    exact = numbered(judgement.written) if judgement.written else judgement.correction
    return correction_faults(judgement.correction, exact=exact, kind=kind, output=output, declaration=declaration)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an entry's reviews add up to: the review that stands, and on what basis."""

    review: Review
    basis: str

    @property
    def standing(self) -> Review:
        """What the outcome says."""
        return self.review


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a ruling on an edge case says of each of its items: no review of the item itself."""

    decision: str
    severity: str
    reason_codes: Sequence[str]
    follow_up: bool
    cause: str = ""
    train: bool = True
    review: ClassVar[None] = None
    basis: ClassVar[str] = Basis.RULING

    @property
    def changed(self) -> bool:
        """Whether the output is another than the AI's."""
        return self.decision == Decision.EDIT

    @property
    def standing(self) -> "Ruled":
        """What the outcome says."""
        return self


def settle(
    *, reviews: Sequence[tuple[Review, str]], adjudicated: bool, agreement: str = "unanimous", required: int = 0
) -> Settlement | None:
    """Return the settlement of a stay's (review, correction text), or None when it is not, or cannot be, settled.

    Reviews agree by the same decision, and for edits the same correction; the worst severity among those that agree
    stands. Unanimous: all do. Majority: more than half of the reviews ``required`` do, so that whatever is still to
    come cannot change it; a tie settles nothing.
    """
    last = reviews[-1][0]
    if adjudicated:
        return Settlement(last, Basis.ADJUDICATION)
    required = max(required, len(reviews))
    if required == 1:
        return Settlement(last, Basis.REVIEW)
    alike = max(agreeing(reviews), key=len)
    enough = required // 2 + 1 if agreement == Queue.Agreement.MAJORITY else required
    if len(alike) < enough:
        return None
    worst = max(alike, key=lambda review: Severity.values.index(review.severity))
    return Settlement(worst, Basis.AGREEMENT)


def agreeing(reviews: Sequence[tuple[Review, str]]) -> list[list[Review]]:
    """Return (review, correction text) in groups that say the same, in the order in which each was first said."""
    groups: dict[tuple[str, str], list[Review]] = {}
    for review, correction in reviews:
        said = review.decision, _meant(correction) if review.decision == Decision.EDIT else ""
        groups.setdefault(said, []).append(review)
    return list(groups.values())


def disagreement_of(reviews: Sequence[tuple[Review, str]]) -> list[dict[str, Any]]:
    """Return who said what, when not all said the same: ids and enumerated words; same answer, same number."""
    groups = agreeing(reviews)
    if len(groups) < 2:
        return []
    return [
        {
            "review": str(review.pk),
            "user": str(review.user_id),
            "decision": review.decision,
            "severity": review.severity,
            "answer": number,
        }
        for number, group in enumerate(groups, start=1)
        for review in group
    ]


def _meant(correction: str) -> str:
    return same_text(numbered(correction))


def final_output(
    *, kind: str, decision: str, correction: str, output: str, fallback: str | None = None
) -> str | None:
    """Return the final output: its own to the letter, the correction, or the fallback when it is withheld.

    All of them are JSON texts, which are passed on as they were written.
    """
    if decision == Decision.REJECT:
        return fallback
    if decision == Decision.EDIT:
        return final_of(correction, kind=kind, output=output)
    return output


@dataclass(frozen=True, slots=True)
class Answered:
    """What an AI system gets: how the item stands, and the final output as JSON text."""

    disposition: str
    final: str | None


def at_timeout(*, on_timeout: str, risk_level: str, output: str | None, fallback: str | None) -> Answered:
    """Return what an AI system gets that nobody decided for in time; high risk is withheld, whatever it asked for."""
    if risk_level == Risk.HIGH or on_timeout == Gate.OnTimeout.WITHHOLD:
        return Answered(Outcome.Disposition.WITHHELD, None)
    if on_timeout == Gate.OnTimeout.FALLBACK:
        return Answered(Outcome.Disposition.FALLBACK, fallback)
    return Answered(Outcome.Disposition.FINAL, output)


def at_stop(*, on_timeout: str, risk_level: str, fallback: str | None) -> Answered:
    """Return what an AI system gets while work is stopped: the safe side, which is never its own answer."""
    if fallback is None or risk_level == Risk.HIGH or on_timeout == Gate.OnTimeout.WITHHOLD:
        return Answered(Outcome.Disposition.WITHHELD, None)
    return Answered(Outcome.Disposition.FALLBACK, fallback)
