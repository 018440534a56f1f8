"""The story's edge cases: one with an owner, one without, each told once however often it is loaded."""

from reviewqueue.demo.story.unclear import tell_of_unclear
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
    risk = {"level": "low", "tags": ["refund"]}
    asked(cast, *[one | {"external_id": f"struck-{one['external_id']}"} for one in items(6, risk=risk)])
    for _load in range(2):
        tell_of_unclear(cast.workspace, now=NOW)
    assert sorted(case.owner_id is None for case in EdgeCase.objects.all()) == [False, True]
    assert EdgeCaseItem.objects.filter(removed_at=None).count() == 6
    assert [one.topic for one in Ownership.objects.all()] == ["refund"]
    assert KnowledgeFix.objects.get().article == "kb-1"
