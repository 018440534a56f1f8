"""What people judged, by source and model version: figures of the queue, never an estimate of the AI's error rate."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.access import Viewer

#: Whether an item was judged only because somebody called its answer wrong: such a look was no draw of triage, so
#: it is counted apart and never among what people judged (docs/walk.md).
_DIRECTED = """EXISTS (SELECT 1 FROM triage_triagedecision d
                       WHERE d.item_id = i.id AND d.pass_number = 1 AND d.result = 'pass')"""

#: Items received in a period by where they stand, and the newest published outcome of each.
_JUDGED = f"""
SELECT date_trunc('day', i.received_at, %(zone)s), i.source_id, i.model_version_id, st.state,
       coalesce(o.decision, ''), coalesce(o.severity, ''),
       CASE WHEN st.state = 'settled' THEN {_DIRECTED} ELSE false END, count(*)
FROM intake_item i
JOIN intake_itemstate st ON st.item_id = i.id
LEFT JOIN LATERAL (
  SELECT oo.decision, oo.severity FROM review_publication p JOIN review_outcome oo ON oo.id = p.outcome_id
  WHERE p.item_id = i.id ORDER BY p.position DESC LIMIT 1) o ON st.state = 'settled'
WHERE i.workspace_id = %(workspace)s AND i.received_at >= %(since)s AND i.received_at <= %(until)s
  AND (%(source)s::uuid IS NULL OR i.source_id = %(source)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""

_WAITED = f"""
SELECT i.source_id, i.model_version_id,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM w.settled_at - i.received_at))
FROM intake_item i
JOIN LATERAL (SELECT min(oo.settled_at) AS settled_at FROM review_publication p
              JOIN review_outcome oo ON oo.id = p.outcome_id WHERE p.item_id = i.id) w ON w.settled_at IS NOT NULL
WHERE i.workspace_id = %(workspace)s AND i.received_at >= %(since)s AND i.received_at <= %(until)s
  AND (%(source)s::uuid IS NULL OR i.source_id = %(source)s) AND NOT {_DIRECTED}
GROUP BY 1, 2
"""

_REASONS = f"""
SELECT reason, count(*) FROM review_publication p
JOIN review_outcome o ON o.id = p.outcome_id JOIN intake_item i ON i.id = p.item_id,
LATERAL unnest(o.reason_codes) AS reason
WHERE p.workspace_id = %(workspace)s AND i.received_at >= %(since)s AND i.received_at <= %(until)s
  AND (%(source)s::uuid IS NULL OR i.source_id = %(source)s)
  AND NOT {_DIRECTED}
  AND NOT EXISTS (SELECT 1 FROM review_publication n WHERE n.item_id = p.item_id AND n.position > p.position)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12
"""

_OPEN = frozenset({"received", "queued", "in_review", "escalated"})


@dataclass(slots=True)
class Figures:
    """Counts of items: received, passed without a person, waiting, and what people decided.

    ``directed`` are those of the passed that were called wrong afterwards and then judged.
    """

    received: int = 0
    passed: int = 0
    waiting: int = 0
    directed: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    severities: dict[str, int] = field(default_factory=dict)
    median_wait: float | None = None

    @property
    def judged(self) -> int:
        """How many items people have judged, published."""
        return sum(self.decisions.values())

    @property
    def faulty(self) -> int:
        """How many of them had at least a minor fault."""
        return sum(self.severities.get(one, 0) for one in ("minor", "major", "critical"))

    def add(self, *, state: str, decision: str, severity: str, directed: bool, count: int) -> None:
        """Add items of one kind."""
        self.received += count
        self.passed += count if state == "passed" or directed else 0
        self.waiting += count if state in _OPEN else 0
        self.directed += count if directed else 0
        if decision and not directed:
            self.decisions[decision] = self.decisions.get(decision, 0) + count
            self.severities[severity] = self.severities.get(severity, 0) + count


@dataclass(slots=True)
class QualityNow:
    """A period's figures as a whole, by day, and by (source, model version)."""

    whole: Figures = field(default_factory=Figures)
    days: dict[datetime, Figures] = field(default_factory=dict)
    versions: dict[tuple[UUID, UUID | None], Figures] = field(default_factory=dict)
    reasons: list[tuple[str, int]] = field(default_factory=list)


def quality_now(*, viewer: Viewer, since: datetime, until: datetime, source_id: UUID | None = None) -> QualityNow:
    """Return the figures of items received in a period; the period's zone decides where a day begins."""
    asked = {
        "workspace": viewer.workspace_id,
        "since": since,
        "until": until,
        "source": source_id,
        "zone": str(until.tzinfo),
    }
    found = QualityNow()
    for day, source, version, state, decision, severity, directed, count in _rows(_JUDGED, asked):
        figures = (
            found.whole,
            found.days.setdefault(day.astimezone(until.tzinfo), Figures()),
            found.versions.setdefault((source, version), Figures()),
        )
        for one in figures:
            one.add(state=state, decision=decision, severity=severity, directed=directed, count=count)
    for source, version, seconds in _rows(_WAITED, asked):
        found.versions[source, version].median_wait = float(seconds)
    found.reasons = _rows(_REASONS, asked)
    return found


def _rows(statement: str, asked: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchall()
