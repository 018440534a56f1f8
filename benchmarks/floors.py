"""What each benchmark stands on: the least that PostgreSQL must do for the same effect, through plain psycopg."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from benchmarks.loading import NOW
from reviewqueue.assignment.actions.claiming import CLAIM, HEAD, looking
from reviewqueue.assignment.models import Assignment
from reviewqueue.common.ids import new_id
from reviewqueue.datasets.queries import judged_sql
from reviewqueue.review.feed import FEED
from reviewqueue.runtime import addresses


def address() -> str:
    """Return where the database is, as the product's own role."""
    return addresses(settings.DATA_DIR).database_url


def connect() -> psycopg.Connection:
    """Connect as the product's own role, each statement by itself, prepared by psycopg when repeated."""
    return psycopg.connect(address(), autocommit=True)


def claim(plain: psycopg.Connection, user_id: UUID, lanes: list[UUID], lease: timedelta) -> None:
    """Run the claim statement alone."""
    given = {"lanes": lanes, "me": user_id, "lease": lease, "now": None}
    row = plain.execute(looking(CLAIM, HEAD), given).fetchone()
    if row is None or row[0] is None:
        raise RuntimeError("nothing was there to claim")


_READ = "SELECT i.kind, c.body FROM intake_item i JOIN intake_itemcontent c ON c.item_id = i.id WHERE i.id = %(item)s"
_SUBMIT = [
    "SELECT 1 FROM triage_queueentry WHERE id = %(entry)s FOR NO KEY UPDATE",
    """INSERT INTO review_review (id, workspace_id, assignment_id, entry_id, item_id, user_id, decision, severity,
         cause, reason_codes, changed, follow_up, train, shown, submitted_at)
       VALUES (%(review)s, %(workspace)s, %(turn)s, %(entry)s, %(item)s, %(user)s, 'edit', 'major', '',
         '{wrong-fact}', true, false, true, '{}', now())""",
    """INSERT INTO review_reviewcontent (review_id, workspace_id, correction, note)
       VALUES (%(review)s, %(workspace)s, %(final)s, '')""",
    """UPDATE assignment_assignment SET ended_at = now(), end_reason = 'submitted', ended_by_id = %(user)s
       WHERE id = %(turn)s""",
    """UPDATE assignment_slot SET closed_at = now(), holder_id = NULL, expires_at = NULL
       WHERE id = %(slot)s AND fence = %(fence)s""",
    """INSERT INTO assignment_exclusion (id, workspace_id, item_id, user_id, reason, created_at)
       VALUES (%(exclusion)s, %(workspace)s, %(item)s, %(user)s, 'reviewed', now())""",
    """INSERT INTO review_outcome (id, workspace_id, item_id, version, entry_id, review_id, basis, disposition,
         decision, severity, cause, reason_codes, changed, follow_up, train, reviewers, settled_at)
       VALUES (%(outcome)s, %(workspace)s, %(item)s, 1, %(entry)s, %(review)s, 'review', 'final', 'edit', 'major',
         '', '{wrong-fact}', true, false, true, 1, now())""",
    """INSERT INTO review_outcomecontent (outcome_id, workspace_id, final)
       VALUES (%(outcome)s, %(workspace)s, %(final)s)""",
    """INSERT INTO review_duepublication (outcome_id, workspace_id, due_at)
       VALUES (%(outcome)s, %(workspace)s, now() + interval '10 seconds')""",
    """UPDATE triage_queueentry SET ended_at = now(), end_reason = 'settled', ended_by_id = %(user)s
       WHERE id = %(entry)s""",
    "UPDATE intake_itemstate SET state = 'settled', since = now() WHERE item_id = %(item)s",
    """INSERT INTO audit_event (id, workspace_id, at, actor_kind, actor_id, verb, subject_kind, subject_id, item_id,
         data)
       VALUES (%(submitted)s, %(workspace)s, now(), 'person', %(user)s, 'submit', 'assignment', %(turn)s, %(item)s,
                '{}'),
              (%(settled)s, %(workspace)s, now(), 'person', %(user)s, 'settle', 'outcome', %(outcome)s, %(item)s,
                '{}')""",
]


def submit(plain: psycopg.Connection, turn: Assignment) -> None:
    """Write what a settling review writes, one statement a row, in one transaction."""
    given: dict[str, Any] = {name: new_id() for name in ("review", "outcome", "exclusion", "submitted", "settled")}
    given |= {"turn": turn.pk, "slot": turn.slot_id, "entry": turn.entry_id, "item": turn.item_id}
    given |= {"user": turn.user_id, "workspace": turn.workspace_id, "fence": turn.fence}
    given["final"] = '{"content":"It comes on Monday."}'
    plain.execute(_READ, given).fetchone()
    with plain.transaction():
        for statement in _SUBMIT:
            plain.execute(statement, given)


_TRIAGE = [
    """CREATE TEMP TABLE batch ON COMMIT DROP AS
       SELECT item_id AS item, gen_random_uuid() AS decision, gen_random_uuid() AS entry
       FROM triage_pending ORDER BY due_at LIMIT 200 FOR UPDATE SKIP LOCKED""",
    "DELETE FROM triage_pending WHERE item_id IN (SELECT item FROM batch)",
    """INSERT INTO triage_triagedecision (id, workspace_id, item_id, pass_number, result, stratum, design,
         probability, reasons, facts, decided_at)
       SELECT decision, %(workspace)s, item, 1, 'review', 'policy-1/rule-1', 'rule', 1,
         '[{"code": "confidence_below", "value": 0.42}]', '{"confidence": 0.42}', %(now)s FROM batch""",
    """INSERT INTO triage_queueentry (id, workspace_id, item_id, queue_id, decision_id, reviews_required, placed_at,
         due_at, rank, required_skills, language, end_reason)
       SELECT entry, %(workspace)s, item, %(queue)s, decision, 1, %(now)s, %(now)s, 0, '{}', '', '' FROM batch""",
    """INSERT INTO assignment_slot (id, workspace_id, entry_id, item_id, lane_id, number, kind, rank, fence)
       SELECT gen_random_uuid(), %(workspace)s, entry, item, %(lane)s, 1, 'review', 0, 0 FROM batch""",
    "UPDATE intake_itemstate SET state = 'queued', since = %(now)s WHERE item_id IN (SELECT item FROM batch)",
    """INSERT INTO audit_event (id, workspace_id, at, actor_kind, verb, subject_kind, subject_id, item_id, data)
       SELECT gen_random_uuid(), %(workspace)s, %(now)s, 'system', 'triage', 'item', item, item,
         '{"result": "review"}' FROM batch""",
]


def triage(plain: psycopg.Connection, workspace: UUID, queue: UUID, lane: UUID) -> int:
    """Place everything pending in one lane of a queue, 200 at a time; return how many."""
    given = {"workspace": workspace, "queue": queue, "lane": lane, "now": NOW}
    placed, batch = 0, 1
    while batch:
        with plain.transaction():
            batch = plain.execute(_TRIAGE[0]).rowcount
            for statement in _TRIAGE[1:]:
                plain.execute(statement, given)
        placed += batch
    return placed


def copy_judged(plain: psycopg.Connection, workspace_id: UUID, target: Path) -> None:
    """COPY the join that a release reads, in one statement, to a file that is on disk afterwards."""
    sql, given = judged_sql(query={}, format="sft")
    given |= {"workspace": workspace_id, "through": 2**62, "after": 0, "limit": None}
    with target.open("wb") as file, psycopg.ClientCursor(plain) as cursor:
        with cursor.copy(f"COPY ({sql}) TO STDOUT", given) as copy:
            for block in copy:
                file.write(block)
        file.flush()
        os.fsync(file.fileno())


def feed_page(plain: psycopg.Connection, workspace_id: UUID, after: int, limit: int) -> list[tuple]:
    """Fetch one page of the feed's join."""
    given = {"workspace": workspace_id, "after": after, "through": 2**62, "limit": limit}
    return plain.execute(FEED.format(bound=""), given).fetchall()
