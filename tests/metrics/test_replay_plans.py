"""A replay reads index ranges, never a whole table, however large it has become."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewqueue.intake.models import Item
from reviewqueue.metrics.replay import Asked, counted, errors_met
from reviewqueue.review.models import Outcome
from reviewqueue.triage.actions.policies import save_rule
from tests.cast import NOW, Cast
from tests.metrics.test_replay import DOING, GOLD, LATER, a_day, both, opened, rule_fields


def plans_of(queries: CaptureQueriesContext) -> list[str]:
    """Return the plans of the statements that read decisions."""
    asked = [one["sql"] for one in queries.captured_queries if "triage_triagedecision d" in one["sql"]]
    plans = []
    with connection.cursor() as cursor:
        for statement in asked:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"), [])
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    return plans


def test_a_page_reads_its_range_of_the_index_alone(cast: Cast) -> None:
    a_day(cast)
    draft = opened(cast)
    save_rule(draft=draft, rule=None, fields=rule_fields(conditions={"all": [GOLD]}, queue=cast.careful), **DOING)
    with CaptureQueriesContext(connection) as queries:
        found, _sampled = both(cast, draft)
    assert found.items == 30
    page = next(plan for plan in plans_of(queries) if "Aggregate" in plan)
    assert "triage_decision_replayed" in page
    assert "Seq Scan" not in page


def right(cast: Cast, count: int) -> None:
    """Have so many outcomes that were right: those of an error are few among them."""
    found = Item.objects.filter(workspace=cast.workspace).first()
    said = {"basis": "review", "disposition": "final", "decision": "approve", "settled_at": NOW}
    Outcome.objects.bulk_create(
        Outcome(workspace=cast.workspace, item=found, version=number, **said) for number in range(1, count + 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE review_outcome")


def test_known_errors_are_found_by_an_index_of_their_own(cast: Cast) -> None:
    a_day(cast)
    right(cast, 2_000)
    draft = opened(cast)
    asked = Asked(cast.workspace.pk, NOW - timedelta(days=1), LATER)
    found = counted(asked, active=draft.based_on, draft=draft)
    with CaptureQueriesContext(connection) as queries:
        assert errors_met(asked, found)["known"] == 0
    [plan] = plans_of(queries)
    assert "outcome_wrong" in plan
