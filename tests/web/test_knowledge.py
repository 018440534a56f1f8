"""Wrong or missing articles: noted from an item, ranked by what they spoiled, taken, mended."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.edgecases.models import KnowledgeFix
from reviewqueue.intake.models import Item
from tests.cast import Cast
from tests.steps import edit, queued, settle

Browser = Callable[[str], Client]
GIVEN = {
    "messages": [{"role": "user", "content": "Where is my parcel?"}],
    "documents": [
        {"id": "kb-1", "title": "Delivery times", "text": "Two days."},
        {"id": "kb-2", "title": "Returns", "text": "30 days."},
    ],
}


def reviewed(cast: Cast, count: int = 1) -> list[Item]:
    queued(cast, count, now=clock.now(), input=GIVEN)
    for _one in range(count):
        settle(cast, cast.reviewer, edit(cause="knowledge"), now=clock.now())
    return list(Item.objects.order_by("pk"))


def words(client: Client, path: str = "/knowledge/", status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_reviewer_says_which_article_was_wrong_and_it_counts_once(cast: Cast, browser: Browser) -> None:
    (one,) = reviewed(cast)
    client = browser("reviewer")
    assert '<details class="in" open>' in words(client, f"/items/{one.pk}/")
    for _again in range(2):
        client.post(f"/items/{one.pk}/knowledge/", {"article": "kb-1", "note": "Three days by now."})
    page = words(client)
    for expected in ("One article is wrong or missing.", "Delivery times", "spoiled one item", "Three days by now."):
        assert expected in page


def test_what_spoiled_most_comes_first(cast: Cast, browser: Browser) -> None:
    items = reviewed(cast, 3)
    client = browser("lead")
    client.post(f"/items/{items[0].pk}/knowledge/", {"article": "kb-1"})
    for one in items:
        client.post(f"/items/{one.pk}/knowledge/", {"article": "kb-2"})
    client.post(f"/items/{items[0].pk}/knowledge/", {"article": "", "title": "Holidays"})
    page = words(client)
    assert page.index("Returns") < page.index("Delivery times") < page.index("Holidays")
    assert "spoiled 3 items" in page


def test_it_is_taken_mended_and_taken_back(cast: Cast, browser: Browser) -> None:
    (one,) = reviewed(cast)
    client = browser("reviewer")
    client.post(f"/items/{one.pk}/knowledge/", {"article": "kb-1"})
    fix = KnowledgeFix.objects.get()
    taken = client.post(f"/knowledge/{fix.pk}/take/", follow=True).content.decode()
    assert "Delivery times is yours to mend." in taken
    done = client.post(f"/knowledge/{fix.pk}/done/", {"note": "Says three days."}, follow=True).content.decode()
    assert "Mended in the last 30 days" in done
    assert "Says three days." in done
    assert "is still to be mended" in client.post(f"/knowledge/{fix.pk}/undo/", follow=True).content.decode()


def test_an_article_that_the_item_did_not_have_is_refused(cast: Cast, browser: Browser) -> None:
    (one,) = reviewed(cast)
    answers: list[Any] = [
        browser("lead").post(f"/items/{one.pk}/knowledge/", form, follow=True)
        for form in ({"article": "kb-9"}, {"article": "", "title": " "})
    ]
    assert "Choose the article that is wrong." in answers[0].content.decode()
    assert "Say what the article should be about." in answers[1].content.decode()
    assert not KnowledgeFix.objects.exists()


def test_who_looks_on_changes_nothing(cast: Cast, browser: Browser) -> None:
    (one,) = reviewed(cast)
    fix = pipeline.note_knowledge(
        item=one, problem="missing", title="Holidays", by=cast.viewer("lead"), now=clock.now()
    )
    client = browser("auditor")
    assert "Take it" not in words(client)
    assert client.post(f"/knowledge/{fix.pk}/take/").status_code == 403
    assert browser("ml").post(f"/items/{one.pk}/knowledge/", {"article": "kb-1"}).status_code == 403


def test_what_is_noted_anew_at_this_very_moment_is_not_opened_again_beside_it(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = reviewed(cast)
    by, at = cast.viewer("reviewer"), clock.now()
    note = {"item": one, "problem": "wrong", "article": "kb-1", "by": by, "now": at}
    fix = pipeline.note_knowledge(**note)
    pipeline.finish_fix(fix=fix, note="", by=by, now=at)
    reopen = pipeline.mending.cases.reopen_fix

    def after_somebody_else(**given: Any) -> int:
        pipeline.note_knowledge(**note)
        return reopen(**given)

    monkeypatch.setattr(pipeline.mending.cases, "reopen_fix", after_somebody_else)
    answer = browser("reviewer").post(f"/knowledge/{fix.pk}/undo/", follow=True)
    assert "noted anew meanwhile" in answer.content.decode()
    fix.refresh_from_db()
    assert fix.done_at
