"""What an audit sampling rate buys: how many items a week people see, and how well the error rate is known then."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import NormalDist

from django.db.models import Q

from reviewqueue.triage.models import RoutingPolicy, TriageDecision

#: The share of wrong answers that the half-width is told for: what a source in use often has.
ASSUMED = 0.05


@dataclass(frozen=True, slots=True)
class Audits:
    """At a rate: items that a person sees in a week, and the half-width of the interval in percentage points."""

    rate: float
    a_week: float
    half_width: float | None

    @property
    def percent(self) -> str:
        """The rate in per cent."""
        return f"{100 * self.rate:g}"


def audits_of(policy: RoutingPolicy, *, now: datetime) -> list[Audits]:
    """Return what half the general rate, the rate itself and twice the rate buy, from what passed last week."""
    passed = how_many_passed(policy, now=now)
    rates = [rate for rate in (policy.audit_rate / 2, policy.audit_rate, policy.audit_rate * 2) if 0 < rate <= 1]
    return [Audits(rate, passed * rate, half_width(passed * rate)) for rate in rates]


def how_many_passed(policy: RoutingPolicy, *, now: datetime) -> int:
    """Return how many items of the last week no rule sent to people."""
    week = TriageDecision.objects.filter(
        workspace_id=policy.workspace_id, pass_number=1, decided_at__gte=now - timedelta(days=7), decided_at__lt=now
    )
    week = week.exclude(facts__has_key="thinned")  # a rule had asked for people
    return week.filter(Q(design=TriageDecision.Design.SAMPLE) | Q(design=TriageDecision.Design.NONE)).count()


def half_width(n: float, *, share: float = ASSUMED, confidence: float = 0.95) -> float | None:
    """Return half the width of Wilson's interval in percentage points for ``n`` items, None below one item.

    z / (1 + z²/n) · √(p(1 - p)/n + z²/4n²): E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, JASA 22 (1927), 209-212.
    """
    if n < 1:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return 100 * z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
