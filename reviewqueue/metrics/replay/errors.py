"""The errors that people have found already: which of them a policy would have let pass, and which it would meet."""

from typing import Any

import orjson
from django.db import connection

from reviewqueue.review.models import JUDGED
from reviewqueue.triage.queries import said_by

from .counting import Asked
from .found import Found

MOST = 20_000

# The current outcome of an item is the one of the highest version; it is known once it is published.
# Begun from the outcomes that were wrong, which are few and have an index.
_WRONG = """
WITH wrong AS MATERIALIZED (
  SELECT DISTINCT item_id FROM review_outcome
  WHERE workspace_id = %(workspace)s AND settled_at >= %(since)s AND severity IN ('minor', 'major', 'critical'))
SELECT d.item_id, d.facts, i.attributes
FROM wrong JOIN triage_triagedecision d ON d.item_id = wrong.item_id
JOIN intake_item i ON i.id = d.item_id
JOIN LATERAL (SELECT o.basis, o.severity FROM review_outcome o JOIN review_publication p ON p.outcome_id = o.id
              WHERE o.item_id = d.item_id ORDER BY o.version DESC LIMIT 1) o ON true
WHERE d.workspace_id = %(workspace)s AND d.pass_number = 1
AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
AND o.basis = ANY(%(judged)s) AND o.severity IN ('minor', 'major', 'critical')
ORDER BY d.decided_at DESC LIMIT %(most)s
"""


def errors_met(asked: Asked, found: Found) -> dict[str, Any]:
    """Return how many known errors there are, and how many of them each policy would have brought before a person.

    Known are items judged wrong (severity minor or worse). What passes at a rate is met as often as the rate says.
    """
    given: dict[str, Any] = {
        "workspace": asked.workspace_id,
        "since": asked.since,
        "until": asked.until,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, {**given, "judged": [str(one) for one in JUDGED]})
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    rules = [*found.before.rules, *found.after.rules]
    said = said_by([row["item_id"] for row in rows], rules)
    met = [0.0, 0.0]
    missed = caught = 0.0
    for row in rows:
        words = said.get(row["item_id"])
        facts = facts_as_recorded(row["facts"], row["attributes"], words.text if words else None)
        before, after = (plan.fate(plan.place(facts)).probability for plan in (found.before, found.after))
        met[0], met[1] = met[0] + before, met[1] + after
        missed, caught = missed + max(before - after, 0), caught + max(after - before, 0)
    return {"known": len(rows), "before": met[0], "after": met[1], "missed": missed, "caught": caught}


def facts_as_recorded(facts: Any, attributes: Any, text: str | None) -> dict[str, Any]:
    """Return recorded facts with all of the item's attributes and its text, as a rule would have seen them."""
    return {**loaded(facts), "attributes": loaded(attributes), "text": text}


def loaded(value: Any) -> Any:
    """Return jsonb as Python reads it."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
