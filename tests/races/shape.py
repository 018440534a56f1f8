"""The skewed shape in which queues go wrong: many lanes, and a head full of work that the reviewer may not take."""

from uuid import UUID

from django.db import connection

from reviewqueue.accounts.models import Membership
from reviewqueue.triage.models import QueueEntry
from tests.cast import Cast
from tests.steps import queued

_ITEMS = """
WITH made AS (
  INSERT INTO intake_item (id, workspace_id, source_id, external_id, kind, "group", confidence, risk_level, risk_tags,
                           attributes, content_hash, occurred_at, received_at)
  SELECT gen_random_uuid(), workspace_id, source_id, %(prefix)s || n, kind, '', confidence, '', '{}', '{}',
         content_hash, occurred_at, received_at
  FROM intake_item, generate_series(1, %(count)s) AS n WHERE id = %(item)s
  RETURNING id, workspace_id, external_id, received_at
), content AS (
  INSERT INTO intake_itemcontent (item_id, workspace_id, body, sha256, search_text)
  SELECT made.id, made.workspace_id, c.body, c.sha256, '' FROM made, intake_itemcontent c WHERE c.item_id = %(item)s
), state AS (
  INSERT INTO intake_itemstate (item_id, workspace_id, state, since)
  SELECT id, workspace_id, 'queued', received_at FROM made
), decision AS (
  INSERT INTO triage_triagedecision (id, workspace_id, item_id, pass_number, result, stratum, design, probability,
                                     reasons, facts, decided_at)
  SELECT gen_random_uuid(), workspace_id, id, 1, 'review', 'shape', 'rule', 1, '[]', '{}', received_at FROM made
  RETURNING id, item_id
)
INSERT INTO triage_queueentry (id, workspace_id, item_id, queue_id, decision_id, reviews_required, placed_at, due_at,
                               rank, required_skills, language, end_reason)
SELECT gen_random_uuid(), made.workspace_id, made.id, %(queue)s, decision.id, %(reviews)s, received_at, received_at,
       %(rank)s + row_number() OVER (), '{}', '', ''
FROM made JOIN decision ON decision.item_id = made.id
"""

_SLOTS = """
INSERT INTO assignment_slot (id, workspace_id, entry_id, item_id, lane_id, number, kind, rank, fence)
SELECT gen_random_uuid(), e.workspace_id, e.id, e.item_id,
       (%(lanes)s::uuid[])[1 + mod(e.rank, cardinality(%(lanes)s::uuid[]))::int], number, 'review', e.rank, 0
FROM triage_queueentry e JOIN intake_item i ON i.id = e.item_id, generate_series(1, e.reviews_required) AS number
WHERE i.external_id LIKE %(prefix)s || '%%'
"""


def fill(cast: Cast, lanes: list[UUID], count: int, *, prefix: str, rank: int, reviews: int = 1) -> None:
    """Put that many items into the support queue, spread over lanes, beginning at a rank."""
    model = queued(cast, 1)[0] if not QueueEntry.objects.exists() else QueueEntry.objects.order_by("rank")[0]
    item_id = model.id if hasattr(model, "new") else model.item_id
    values = {"item": item_id, "queue": cast.support.pk, "lanes": lanes}
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, {**values, "prefix": prefix, "count": count, "rank": rank, "reviews": reviews})
        cursor.execute(_SLOTS, {**values, "prefix": prefix})


def exclude_from(member: Membership, *, prefix: str) -> None:
    """Let somebody have reviewed everything of a prefix already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assignment_exclusion (id, workspace_id, item_id, user_id, reason, created_at)"
            " SELECT gen_random_uuid(), workspace_id, id, %s, 'reviewed', received_at FROM intake_item"
            " WHERE external_id LIKE %s ON CONFLICT DO NOTHING",
            [member.user_id, f"{prefix}%"],
        )


def analyse() -> None:
    """Let the planner see the shape."""
    with connection.cursor() as cursor:
        for table in (
            "assignment_slot",
            "assignment_exclusion",
            "assignment_assignment",
            "intake_item",
            "intake_itemstate",
            "triage_queueentry",
        ):
            cursor.execute(f"ANALYZE {table}")
