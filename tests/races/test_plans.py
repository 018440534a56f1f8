"""The statements that everything waits for use the index that was made for them, in the skewed shape too."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.assignment.actions import lane_for, lanes_of
from reviewqueue.assignment.actions.claiming import CLAIM
from reviewqueue.assignment.actions.keeping import _EXPIRE
from reviewqueue.common.parts import fetch
from reviewqueue.datasets.queries import judged_sql
from reviewqueue.review.models import DuePublication
from reviewqueue.triage.actions.items import _TAKE
from tests.cast import NOW, Cast
from tests.races.shape import analyse, exclude_from, fill
from tests.steps import claim

LANES = 30
BIG = {"assignment_slot", "intake_item", "intake_itemstate", "triage_queueentry", "assignment_exclusion"}


@pytest.fixture
def crowded(cast: Cast) -> Cast:
    """Thirty lanes with 16,000 slots, whose first 4,000 the reviewer has judged already."""
    lanes = [
        lane_for(workspace_id=cast.workspace.pk, queue_id=cast.support.pk, skills=[f"skill-{n}"], language="")
        for n in range(LANES)
    ]
    cast.reviewer.skills = [f"skill-{n}" for n in range(LANES)]
    cast.reviewer.save()
    fill(cast, lanes, 4_000, prefix="head-", rank=1)
    fill(cast, lanes, 12_000, prefix="tail-", rank=1_000_000)
    exclude_from(cast.reviewer, prefix="head-")
    analyse()
    return cast


def plan_of(sql: str, parameters: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
    """Return every node of a statement's plan."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        answer = cursor.fetchone()[0]
    top = answer if isinstance(answer, list) else json.loads(answer)
    return list(_nodes(top[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def indexes(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def read_whole(nodes: list[dict[str, Any]]) -> set[str]:
    """Return the large tables that a plan reads from end to end."""
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & BIG


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect what is sent to the database, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(execute: Callable, sql: str, parameters: Any, many: bool, context: dict) -> Any:
        sent.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(keep):
        yield sent


def test_a_claim_reads_the_heads_of_its_lanes(crowded: Cast) -> None:
    lanes = lanes_of(membership=crowded.reviewer, queues=[crowded.support])
    assert len(lanes) >= LANES
    lease = timedelta(seconds=300)
    me = crowded.reviewer.user_id
    nodes = plan_of(CLAIM, {"lanes": lanes, "me": me, "lease": lease, "head": 16, "now": None})
    assert "slot_ready" in indexes(nodes)
    assert read_whole(nodes) == set()


def test_a_claim_is_planned_once_however_long_the_line_is(crowded: Cast) -> None:
    """PostgreSQL tries five plans of their own; a general one that seems dearer it would never take."""
    connection.close()
    connection.close_pool()  # what other stories had planned goes with its connections
    for _number in range(8):
        assert claim(crowded, crowded.reviewer, now=None)
    assert general_plans("UPDATE assignment_slot SET holder_id") == 3
    unknown = {"lanes": [], "me": crowded.reviewer.user_id, "lease": "300 seconds", "now": None, "head": 4}
    for _number in range(8):
        fetch(f"{CLAIM} -- the control: how far it looks is not known", unknown)
    assert general_plans("-- the control") == 0


def general_plans(words: str) -> int:
    """Return how often a statement of this connection was run by a plan that was not made for that time alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(generic_plans), 0) FROM pg_prepared_statements WHERE position(%s IN statement) > 0",
            [words],
        )
        return cursor.fetchone()[0]


def test_no_statement_of_a_turn_reads_a_large_table_whole(crowded: Cast) -> None:
    with statements() as sent:
        turn = claim(crowded, crowded.reviewer, now=None)
        assert turn is not None
        pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence, draft={"content": "x"})
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=crowded.reviewer.user, reason="")
    plans = {sql: plan_of(sql, values) for sql, values in sent if sql.startswith(("SELECT", "UPDATE", "WITH"))}
    assert {sql: read_whole(nodes) for sql, nodes in plans.items() if read_whole(nodes)} == {}


def test_the_last_step_finds_its_slot_by_primary_key(crowded: Cast) -> None:
    turn = claim(crowded, crowded.reviewer, now=None)
    with statements() as sent:
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=crowded.reviewer.user, reason="")
    held = next((sql, values) for sql, values in sent if "SELECT fence" in sql)
    assert indexes(plan_of(*held)) == {"assignment_slot_pkey"}


def test_sweeps_find_what_is_due_by_their_own_index(crowded: Cast) -> None:
    expire = plan_of(_EXPIRE, {"now": None, "limit": 500})
    assert "slot_expiring" in indexes(expire)
    assert read_whole(expire) == set()
    due = DuePublication.objects.filter(due_at__lte=NOW).values("workspace_id").distinct()
    sql, values = due.query.sql_with_params()
    assert read_whole(plan_of(sql, list(values))) == set()
    take = plan_of(_TAKE.format(tried="attempts = 0"), {"now": NOW, "until": NOW, "limit": 200})
    assert read_whole(take) == set()


def test_a_page_of_a_release_is_found_by_position(crowded: Cast) -> None:
    sql, values = judged_sql(query={}, format="sft")
    bounds = {"workspace": crowded.workspace.pk, "through": 10**9, "limit": 1000, "after": 0}
    nodes = plan_of(sql, {**values, **bounds})
    assert read_whole(nodes) == set()
