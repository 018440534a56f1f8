"""Reading definitions, releases, and the judged outcomes that a release holds."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer

from .models import Dataset, Release
from .rules import WRONG, Judged

PAGE = 1_000
#: How many rows a page counts: its cost does not grow with the workspace.
COUNTED = 10_000


def datasets_visible_to(viewer: Viewer) -> QuerySet[Dataset]:
    """Return the workspace's definitions."""
    return Dataset.objects.filter(workspace_id=viewer.workspace_id).order_by("slug")


def releases_visible_to(viewer: Viewer) -> QuerySet[Release]:
    """Return the workspace's releases, newest first."""
    releases = Release.objects.filter(workspace_id=viewer.workspace_id)
    return releases.select_related("dataset", "requested_by").order_by("-requested_at")


# Only the newest publication of an item (as of the release's position) stands in a release.
_STANDING = """
FROM review_publication p
JOIN review_outcome o ON o.id = p.outcome_id
JOIN review_outcomecontent f ON f.outcome_id = o.id
JOIN intake_item i ON i.id = p.item_id
JOIN intake_itemcontent c ON c.item_id = i.id
JOIN intake_source s ON s.id = i.source_id
LEFT JOIN intake_modelversion m ON m.id = i.model_version_id
WHERE p.workspace_id = %(workspace)s AND p.position > %(after)s AND p.position <= %(through)s
  AND o.basis IN ('review', 'agreement', 'adjudication', 'ruling') AND o.disposition = 'final' AND o.train
  AND f.redacted_at IS NULL AND c.redacted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM review_publication newer WHERE newer.item_id = p.item_id
                  AND newer.position > p.position AND newer.position <= %(through)s)
  {filters}
"""

# One page of a release. Pages are keyed by position, so memory and locks stay constant and no snapshot is held open.
JUDGED = f"""
SELECT p.position, i.id::text, o.version, o.decision, o.severity, o.basis, o.reason_codes, i.kind, i."group",
       i.external_id, s.slug, m.version, c.body, f.final
{_STANDING}
ORDER BY p.position LIMIT %(limit)s
"""

# Decisions alone: no text is read to count.
_COUNT = f"""
SELECT decision, count(*) FROM (
  SELECT o.decision {_STANDING} ORDER BY p.position DESC LIMIT %(limit)s) AS newest
GROUP BY decision
"""

_FILTERS = {
    "sources": "AND s.slug = ANY(%(sources)s)",
    "kinds": "AND i.kind = ANY(%(kinds)s)",
    "model_versions": "AND m.version = ANY(%(model_versions)s)",
}


def judged_sql(*, query: dict[str, list[str]], format: str, statement: str = JUDGED) -> tuple[str, dict[str, Any]]:
    """Return the page statement (or another) of a definition and the parameters its filters need."""
    filters = [_FILTERS[name] for name in query]
    if format == Dataset.Format.PREFERENCE:
        filters.append("AND o.decision = 'edit' AND (o.severity = ANY(%(wrong)s) OR i.kind = 'comparison')")
    return statement.format(filters=" ".join(filters)), {**query, "wrong": list(WRONG)}


def judged_pages(
    *, workspace_id: UUID, query: dict[str, list[str]], format: str, through: int, page: int = PAGE
) -> Iterator[list[Judged]]:
    """Yield the judged outcomes of a definition in pages, oldest first, up to a position."""
    sql, parameters = judged_sql(query=query, format=format)
    parameters |= {"workspace": workspace_id, "through": through, "limit": page, "after": 0}
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows = [Judged(*row) for row in cursor.fetchall()]
        if not rows:
            return
        yield rows
        parameters["after"] = rows[-1].position


def live_counts(*, dataset: Dataset, at_most: int = COUNTED) -> dict[str, int]:
    """Return how many rows a release made now would hold, by decision: of the newest ``at_most`` rows."""
    sql, parameters = judged_sql(query=dataset.query, format=dataset.format, statement=_COUNT)
    parameters |= {"workspace": dataset.workspace_id, "through": 2**62, "limit": at_most, "after": 0}
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return dict(cursor.fetchall())


def sample(*, dataset: Dataset, count: int = 3) -> list[Judged]:
    """Return a few of the newest rows that a release made now would hold."""
    sql, parameters = judged_sql(query=dataset.query, format=dataset.format)
    parameters |= {"workspace": dataset.workspace_id, "through": 2**62, "limit": count, "after": 0}
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("ORDER BY p.position", "ORDER BY p.position DESC"), parameters)
        return [Judged(*row) for row in cursor.fetchall()]
