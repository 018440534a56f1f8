"""Many rows in one statement: every column arrives as ``bulk_create`` would have written it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reviewqueue.common.rows import insert_all
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import QueueEntry, TriageDecision
from tests.cast import NOW, Cast, item
from tests.steps import submit

AT = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
WORDS = "half “quoted” \\ % \u2028 ünd 🦉"


def decision(one: Item, **changes: Any) -> TriageDecision:
    return TriageDecision(
        workspace_id=one.workspace_id,
        item=one,
        pass_number=1,
        result="review",
        stratum=WORDS,
        design="rule",
        probability=0.1 + 0.2,
        decided_at=AT,
        **changes,
    )


@pytest.mark.parametrize(
    "facts",
    [{}, {"a": None, "b": [1, 0.1, True, WORDS], "c": {"": []}}, {"large": 10**30, "small": -(2**70)}],
    ids=["empty", "nested", "numbers of more than 64 bits"],
)
def test_what_is_written_is_what_bulk_create_writes(cast: Cast, facts: dict[str, Any]) -> None:
    submit(cast, item("a"), item("b"))
    first, second = Item.objects.order_by("pk")
    ours, theirs = decision(first, facts=facts, reasons=[facts]), decision(second, facts=facts, reasons=[facts])
    insert_all(TriageDecision, [ours])
    TriageDecision.objects.bulk_create([theirs])
    same = [field.attname for field in TriageDecision._meta.concrete_fields if field.attname not in {"id", "item_id"}]
    rows = {one.item_id: one for one in TriageDecision.objects.all()}
    for name in same:
        assert getattr(rows[first.pk], name) == getattr(rows[second.pk], name), name
    assert rows[first.pk].pk == ours.pk


def test_lists_and_what_the_database_puts_itself_arrive_and_a_row_can_be_changed_afterwards(cast: Cast) -> None:
    submit(cast, item("a"))
    decided = decision(Item.objects.get())
    insert_all(TriageDecision, [decided])
    entry = QueueEntry(
        workspace_id=cast.workspace.pk,
        item=decided.item,
        queue=cast.support,
        decision=decided,
        reviews_required=1,
        placed_at=NOW,
        due_at=NOW,
        rank=2**40,
        required_skills=["refund", WORDS[:20]],
    )
    assert insert_all(QueueEntry, [entry]) == [entry]
    entry.rank = -5
    entry.save(update_fields=["rank"])
    kept = QueueEntry.objects.get()
    assert (kept.pk, kept.rank, kept.required_skills) == (entry.pk, -5, ["refund", WORDS[:20]])
    assert insert_all(QueueEntry, []) == []


def test_what_breaks_a_constraint_is_refused_as_a_whole(cast: Cast) -> None:
    submit(cast, item("a"))
    one = Item.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_all(TriageDecision, [decision(one), decision(one)])
    assert not TriageDecision.objects.exists()
