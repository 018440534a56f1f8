"""The story's edge cases: one with an owner, one without, each told once however often it is loaded."""

from reviewqueue.demo.story.unclear import MONEY, tell_of_unclear
from reviewqueue.edgecases.models import EdgeCase, EdgeCaseItem, KnowledgeFix, Ownership
from tests.cast import NOW, Cast
from tests.edgecases.steps import asked, items
from tests.steps import edit, queued, settle

GIVEN = {
    "messages": [{"role": "user", "content": "Where is my parcel?"}],
    "documents": [{"id": "kb-1", "title": "Delivery times", "text": "Two days."}],
}


def test_the_strike_leaves_edge_cases_an_owner_and_a_wrong_article(cast: Cast) -> None:
    queued(cast, 1, input=GIVEN)
    settle(cast, cast.reviewer, edit(cause="knowledge"))
    for prefix, topic in (("struck", "delivery"), ("late", MONEY)):
        risk = {"level": "low", "tags": [topic]}
        asked(cast, *[one | {"external_id": f"{prefix}-{one['external_id']}"} for one in items(3, risk=risk)])
    for _load in range(2):
        tell_of_unclear(cast.workspace, now=NOW)
    assert sorted(case.owner_id is None for case in EdgeCase.objects.all()) == [False, True]
    assert EdgeCaseItem.objects.filter(removed_at=None).count() == 6
    assert {one.item.risk_tags[0] for one in EdgeCaseItem.objects.filter(case__owner=None)} == {MONEY}
    assert [one.topic for one in Ownership.objects.all()] == ["delivery"]
    assert KnowledgeFix.objects.get().article == "kb-1"
