"""Filling the real tables quickly: an office of many lanes and reviewers, and a stock of items in it."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import psycopg
from django.conf import settings
from django.db import connection

from reviewqueue.accounts.actions import add_member, create_workspace
from reviewqueue.accounts.models import Membership, Workspace
from reviewqueue.assignment.actions.opening import lane_for
from reviewqueue.assignment.models import Lane
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import ModelVersion, Source
from reviewqueue.queues.actions import create_queue, join_queue, name_reasons
from reviewqueue.queues.models import Queue
from reviewqueue.runtime import addresses
from reviewqueue.triage.actions import activate_policy

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MODEL = {"name": "support-bot", "version": "2026-11-01"}
REVIEWERS, BODIES = 20, 500
SKILLS = ("refund", "legal", "medical")
#: What the lanes of one queue need; nobody has the skill of the first lane of the first queue.
NEEDS = ((("medical",), ""), ((), ""), (("refund",), ""), (("legal",), ""), (("legal", "refund"), ""), ((), "de"))


@dataclass(frozen=True)
class Office:
    """A workspace with 5 queues, 30 lanes, and 20 reviewers of different skills."""

    workspace: Workspace
    source: Source
    model: ModelVersion
    queues: list[Queue]
    lanes: list[Lane]
    reviewers: list[Membership]


def open_office() -> Office:
    """Set up the workspace by the product's own verbs."""
    workspace = create_workspace(slug="bench", name="Bench", now=NOW)
    source = Source.objects.create(workspace=workspace, slug="support-chatbot", name="Bot", created_at=NOW)
    model = ModelVersion.objects.create(workspace=workspace, source=source, first_seen_at=NOW, **MODEL)
    queues = [_queue(workspace, number) for number in range(5)]
    lanes = [_lane(queue, skills, language) for queue in queues for skills, language in _needs(queue)]
    reviewers = [_reviewer(workspace, queues, number) for number in range(REVIEWERS)]
    name_reasons(workspace_id=workspace.pk, reasons=[("wrong-fact", "wrong fact")], now=NOW)
    _policy(workspace, queues)
    return Office(workspace, source, model, queues, lanes, reviewers)


def _queue(workspace: Workspace, number: int) -> Queue:
    slug = f"queue-{number}"
    return create_queue(workspace_id=workspace.pk, slug=slug, name=slug, lease_seconds=3600, by=SYSTEM, now=NOW)


def _needs(queue: Queue) -> Sequence[tuple[tuple[str, ...], str]]:
    return ((("notary",), ""), *NEEDS[1:]) if queue.slug == "queue-0" else NEEDS


def _lane(queue: Queue, skills: Sequence[str], language: str) -> Lane:
    opened = lane_for(workspace_id=queue.workspace_id, queue_id=queue.pk, skills=skills, language=language)
    return Lane.objects.get(pk=opened)


def _reviewer(workspace: Workspace, queues: Sequence[Queue], number: int) -> Membership:
    """Add a reviewer whose skills are the bits of their number."""
    email = f"reviewer-{number}@bench.localhost"
    member = add_member(
        workspace=workspace, email=email, name=email, role="reviewer", password=None, by=SYSTEM, now=NOW
    )
    member.skills = [skill for bit, skill in enumerate(SKILLS) if number >> bit & 1]
    member.languages = ["de"] if number & 8 else []
    member.save(update_fields=["skills", "languages"])
    for queue in queues:
        join_queue(queue=queue, user=member.user, by=SYSTEM, now=NOW)
    return member


def _policy(workspace: Workspace, queues: Sequence[Queue]) -> None:
    unsure = {"field": "confidence", "op": "below", "value": 0.6}
    rules = [{"name": "Unsure", "conditions": [unsure], "queue": queues[0]}]
    activate_policy(
        workspace_id=workspace.pk,
        rules=rules,
        audit_rate=0.05,
        audit_queue=queues[1],
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def document(number: int) -> dict:
    """Return a chat item of about 2.6 kB, as a source sends it; the same number gives the same words."""
    draw = random.Random(number)
    words = ["parcel", "refund", "Friday", "invoice", "please", "the", "our", "your", "is", "a", "to", "and", "late"]
    said = [" ".join(draw.choice(words) + str(draw.randrange(100)) for _ in range(75)) for _ in range(4)]
    roles = ("user", "assistant", "user")
    return {
        "external_id": f"conv-{number}",
        "source": "support-chatbot",
        "model": MODEL,
        "kind": "chat",
        "input": {"messages": [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]},
        "output": {"content": said[3]},
        "confidence": 0.42,
        "risk": {"level": "low", "tags": ["delivery-promise"]},
        "attributes": {"locale": "en", "customer_tier": "gold"},
    }


@contextmanager
def loader() -> Iterator[psycopg.Connection]:
    """Connect as the superuser with triggers asleep: append-only tables and foreign keys would slow loading down."""
    url = addresses(settings.DATA_DIR).admin_database_url
    with psycopg.connect(url, dbname=connection.settings_dict["NAME"], autocommit=True) as loading:
        loading.execute("SET session_replication_role = replica")
        yield loading


def empty() -> None:
    """Empty every table of the product."""
    tables = [name for name in connection.introspection.table_names() if name != "django_migrations"]
    with loader() as loading:
        loading.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
    connection.close()
    _forget()


def _forget() -> None:
    """Processes remember lanes and model versions, which never go away in real life."""
    from reviewqueue.assignment.actions import opening
    from reviewqueue.intake.actions import forget_seen

    opening._seen.clear()
    forget_seen()


# The stock: a numbered temporary table with the ids of everything that belongs to an item, from which the real
# tables are filled. The first ``head`` numbers lie in the lane that nobody may take from; the others are spread
# over the lanes unevenly. Later numbers are less urgent.
_STOCK = """
CREATE TEMP TABLE stock AS
SELECT n, ('01930000-0000-7000-8000-' || hex)::uuid AS item, ('01931000-0000-7000-8000-' || hex)::uuid AS decision,
  ('01932000-0000-7000-8000-' || hex)::uuid AS entry, ('01933000-0000-7000-8000-' || hex)::uuid AS slot,
  ('01934000-0000-7000-8000-' || hex)::uuid AS assignment, ('01935000-0000-7000-8000-' || hex)::uuid AS outcome,
  lane.id AS lane, lane.queue_id AS queue, 1795424400000 + n * 100 AS rank,
  (%(reviewers)s::uuid[])[1 + n %% %(people)s] AS reviewer
FROM (SELECT n, lpad(to_hex(n), 12, '0') AS hex,
        CASE WHEN n <= %(head)s THEN 1
             ELSE 2 + floor((%(lane_count)s - 1) * power((hashint8(n) & 2147483647) / 2147483648.0, 2)) END AS place
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS numbered
JOIN unnest(%(lanes)s::uuid[]) WITH ORDINALITY AS known (lane, place) USING (place)
JOIN assignment_lane lane ON lane.id = known.lane
"""

_TABLES = {
    "item": """
        INSERT INTO intake_item (id, workspace_id, source_id, external_id, model_version_id, kind, "group",
          confidence, risk_level, risk_tags, attributes, content_hash, occurred_at, received_at)
        SELECT item, %(workspace)s, %(source)s, 'conv-' || n, %(model)s, 'chat', 'group-' || n, 0.42, 'low', '{}',
          '{"locale": "en"}', sha256(n::text::bytea), %(now)s, %(now)s FROM stock""",
    "content": """
        INSERT INTO intake_itemcontent (item_id, workspace_id, body, sha256, search_text)
        SELECT item, %(workspace)s, b.body, sha256(n::text::bytea), b.said FROM stock
        JOIN bodies b ON b.number = n %% %(bodies)s""",
    "state": """
        INSERT INTO intake_itemstate (item_id, workspace_id, state, since)
        SELECT item, %(workspace)s, %(state)s, %(now)s FROM stock""",
    "pending": """
        INSERT INTO triage_pending (item_id, workspace_id, due_at, attempts, last_error)
        SELECT item, %(workspace)s, %(now)s, 0, '' FROM stock""",
    "decision": """
        INSERT INTO triage_triagedecision (id, workspace_id, item_id, pass_number, result, stratum, design,
          probability, reasons, facts, decided_at)
        SELECT decision, %(workspace)s, item, 1, 'review', 'policy-1/rule-1', 'rule', 1,
          '[{"code": "confidence_below"}]', '{"confidence": 0.42}', %(now)s FROM stock""",
    "entry": """
        INSERT INTO triage_queueentry (id, workspace_id, item_id, queue_id, decision_id, reviews_required, placed_at,
          due_at, rank, required_skills, language, end_reason)
        SELECT entry, %(workspace)s, item, queue, decision, 1, %(now)s, %(now)s::timestamptz + interval '2 hours',
          rank, '{}', '', '' FROM stock""",
    "ready_slot": """
        INSERT INTO assignment_slot (id, workspace_id, entry_id, item_id, lane_id, number, kind, rank, fence)
        SELECT slot, %(workspace)s, entry, item, lane, 1, 'review', rank, 0 FROM stock""",
    "held_slot": """
        INSERT INTO assignment_slot (id, workspace_id, entry_id, item_id, lane_id, number, kind, rank, fence,
          holder_id, expires_at)
        SELECT slot, %(workspace)s, entry, item, lane, 1, 'review', rank, 1, reviewer, now() + interval '1 day'
        FROM stock""",
    "closed_slot": """
        INSERT INTO assignment_slot (id, workspace_id, entry_id, item_id, lane_id, number, kind, rank, fence,
          closed_at)
        SELECT slot, %(workspace)s, entry, item, lane, 1, 'review', rank, 1, %(now)s FROM stock""",
    "open_turn": """
        INSERT INTO assignment_assignment (id, workspace_id, slot_id, entry_id, item_id, user_id, fence, how,
          opened_at, opened_by_id, end_reason)
        SELECT assignment, %(workspace)s, slot, entry, item, reviewer, 1, 'claimed', %(now)s, reviewer, ''
        FROM stock""",
    "ended_turn": """
        INSERT INTO assignment_assignment (id, workspace_id, slot_id, entry_id, item_id, user_id, fence, how,
          opened_at, opened_by_id, ended_at, end_reason)
        SELECT assignment, %(workspace)s, slot, entry, item, reviewer, 1, 'claimed', %(now)s, reviewer, %(now)s,
          'submitted' FROM stock""",
    "exclusion": """
        INSERT INTO assignment_exclusion (id, workspace_id, item_id, user_id, reason, created_at)
        SELECT gen_random_uuid(), %(workspace)s, item, reviewer, 'reviewed', %(now)s FROM stock""",
    "outcome": """
        INSERT INTO review_outcome (id, workspace_id, item_id, version, review_id, basis, disposition, decision,
          severity, cause, reason_codes, changed, follow_up, train, reviewers, settled_at)
        SELECT outcome, %(workspace)s, item, 1, assignment, 'review', 'final', 'edit', 'major', 'knowledge',
          '{wrong-fact}', true, false, true, 1, %(now)s FROM stock""",
    "review": """
        INSERT INTO review_review (id, workspace_id, assignment_id, entry_id, item_id, user_id, decision, severity,
          cause, reason_codes, changed, follow_up, train, shown, submitted_at)
        SELECT assignment, %(workspace)s, assignment, entry, item, reviewer, 'edit', 'major', 'knowledge',
          '{wrong-fact}', true, false, true, '{}', %(now)s FROM stock""",
    "correction": """
        INSERT INTO review_reviewcontent (review_id, workspace_id, correction, note)
        SELECT assignment, %(workspace)s, b.final, '' FROM stock JOIN bodies b ON b.number = n %% %(bodies)s""",
    "final": """
        INSERT INTO review_outcomecontent (outcome_id, workspace_id, final)
        SELECT outcome, %(workspace)s, b.final FROM stock JOIN bodies b ON b.number = n %% %(bodies)s""",
    "publication": """
        INSERT INTO review_publication (id, workspace_id, outcome_id, item_id, position, published_at)
        SELECT gen_random_uuid(), %(workspace)s, outcome, item, n, %(now)s FROM stock""",
}

RECEIVED = ("item", "content", "state", "pending")
READY = ("item", "state", "decision", "entry", "ready_slot")
HELD = ("item", "content", "state", "decision", "entry", "held_slot", "open_turn")
REVIEWED = ("item", "closed_slot", "ended_turn", "exclusion")
PUBLISHED = ("item", "content", "review", "correction", "outcome", "final", "publication")


def load(
    office: Office, tables: Sequence[str], *, first: int, last: int, state: str = "queued", head: int = 0
) -> None:
    """Load items ``first`` to ``last`` with what belongs to them; ``head`` of them lie where nobody may take them."""
    parameters = {
        "first": first,
        "last": last,
        "head": head,
        "state": state,
        "now": NOW,
        "bodies": BODIES,
        "people": len(office.reviewers),
        "lane_count": len(office.lanes),
        "lanes": [lane.pk for lane in office.lanes],
        "reviewers": [one.user_id for one in office.reviewers],
        "workspace": office.workspace.pk,
        "source": office.source.pk,
        "model": office.model.pk,
    }
    with loader() as loading:
        if "content" in tables:
            write_bodies(loading)
        with psycopg.ClientCursor(loading) as cursor:
            for sql in (_STOCK, *(_TABLES[name] for name in tables)):
                cursor.execute(sql, parameters)
        loading.execute("VACUUM ANALYZE")


def write_bodies(loading: psycopg.Connection) -> None:
    """Write the bodies of chat items, what they say and a corrected answer, to a table of this connection."""
    loading.execute("CREATE TEMP TABLE bodies (number int PRIMARY KEY, body text, said text, final text)")
    with loading.cursor().copy("COPY bodies FROM STDIN") as copy:
        for number in range(BODIES):
            body = document(number)
            final = {"content": body["output"]["content"][:400] + " Corrected."}
            said = "\n".join([*(one["content"] for one in body["input"]["messages"]), body["output"]["content"]])
            copy.write_row((number, orjson.dumps(body).decode(), said, orjson.dumps(final).decode()))


# The head of each lane is work that most reviewers have had in their hands already.
_HAD = """
INSERT INTO assignment_exclusion (id, workspace_id, item_id, user_id, reason, created_at)
SELECT gen_random_uuid(), %(workspace)s, item_id, reviewer, 'returned', %(now)s
FROM (SELECT item_id, row_number() OVER (PARTITION BY lane_id ORDER BY rank, id) AS place FROM assignment_slot
      WHERE holder_id IS NULL AND closed_at IS NULL) AS line
CROSS JOIN unnest(%(reviewers)s::uuid[]) WITH ORDINALITY AS people (reviewer, number)
WHERE place <= %(deep)s AND (place + number) %% 4 <> 0
ON CONFLICT DO NOTHING
"""


def exclude_heads(office: Office, *, deep: int) -> None:
    """Keep three of four reviewers from taking each of the first ``deep`` items of every lane."""
    reviewers = [one.user_id for one in office.reviewers]
    with loader() as loading, psycopg.ClientCursor(loading) as cursor:
        cursor.execute(_HAD, {"workspace": office.workspace.pk, "reviewers": reviewers, "deep": deep, "now": NOW})
