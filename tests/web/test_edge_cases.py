"""A lead groups questions, gives them an owner, rules once, sees what it would do, and takes it back."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.edgecases.models import EdgeCase, EdgeCaseItem, LadderSetting, Ownership
from reviewqueue.review.models import Escalation, Outcome
from tests.cast import Cast
from tests.edgecases.steps import asked, items, opened

Browser = Callable[[str], Client]
FORM = {"decision": "reject", "severity": "major", "words_en": "Send them to the shop."}


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def case_of_two(cast: Cast) -> EdgeCase:
    return opened(cast, asked(cast, *items(2), now=clock.now()), now=clock.now())


def test_a_question_becomes_an_edge_case_and_the_next_is_added_to_it(cast: Cast, browser: Browser) -> None:
    first, second = asked(cast, *items(2), now=clock.now())
    client = browser("lead")
    assert "nobody answers for it" in page(client, "/my-queue/")
    shown = client.post("/edge-cases/+open/", {"escalation": first.pk, "title": "Old refunds"}, follow=True)
    assert "One item waits for this ruling." in shown.content.decode()
    case = EdgeCase.objects.get()
    added = client.post("/edge-cases/+add/", {"escalation": second.pk, "case": case.pk}, follow=True)
    assert "2 items wait for this ruling." in added.content.decode()
    assert "Old refunds" in page(client, "/my-queue/")


def test_what_asks_the_same_is_offered_and_added_at_once(cast: Cast, browser: Browser) -> None:
    escalations = asked(cast, *items(4), now=clock.now())
    case = opened(cast, escalations[:1], now=clock.now())
    client = browser("lead")
    shown = page(client, f"/edge-cases/{case.pk}/")
    assert "These ask something like it" in shown
    ids = [one.pk for one in escalations[1:]]
    assert all(str(pk) in shown for pk in ids)
    client.post(f"/edge-cases/{case.pk}/items/", {"escalation": ids})
    assert EdgeCaseItem.objects.filter(case=case, removed_at=None).count() == 4


def test_a_ruling_is_foreseen_then_made_then_taken_back(cast: Cast, browser: Browser) -> None:
    case = case_of_two(cast)
    client, address = browser("lead"), f"/edge-cases/{case.pk}/"
    seen = client.post(f"{address}rule/", FORM).content.decode()
    assert "2 items would be settled." in seen
    assert not Outcome.objects.exists()
    done = client.post(f"{address}rule/", {**FORM, "confirm": "1"}, follow=True).content.decode()
    assert "Ruled: 2 of 2 items settled." in done
    assert "Send them to the shop." in done
    back = client.post(f"{address}undo/", follow=True).content.decode()
    assert "Taken back: 2 items wait again." in back
    assert Escalation.objects.filter(ended_at=None).count() == 2


def test_a_ruling_that_says_too_little_says_where(cast: Cast, browser: Browser) -> None:
    case = case_of_two(cast)
    for missing in ({"words_en": ""}, {"severity": "none"}, {"decision": ""}, {"decision": "edit"}):
        answer = browser("lead").post(f"/edge-cases/{case.pk}/rule/", {**FORM, **missing, "confirm": "1"})
        assert answer.status_code == 422
        assert '<p class="error">' in answer.content.decode()
    assert not Outcome.objects.exists()


def test_the_list_shows_what_is_unowned_overdue_and_ruled(cast: Cast, browser: Browser) -> None:
    case = case_of_two(cast)
    client = browser("lead")
    assert "One edge case waits for its ruling. One of them has no owner." in page(client, "/edge-cases/")
    to = {"owner": cast.admin.user_id, "deputy": cast.lead.user_id, "due_at": "2026-01-01T10:00"}
    client.post(f"/edge-cases/{case.pk}/owner/", to)
    assert "Refunds after 30 days" not in page(client, "/edge-cases/?show=unowned")
    assert "Refunds after 30 days" in page(client, "/edge-cases/?show=overdue")
    client.post(f"/edge-cases/{case.pk}/rule/", {**FORM, "confirm": "1"})
    assert "Refunds after 30 days" in page(client, "/edge-cases/?show=ruled")
    assert "No edge case waits for its ruling." in page(client, "/edge-cases/?show=nonsense")


def test_people_discuss_it_and_dismiss_it_with_a_reason(cast: Cast, browser: Browser) -> None:
    case = case_of_two(cast)
    client, address = browser("lead"), f"/edge-cases/{case.pk}/"
    client.post(f"{address}comments/", {"text": "Legal says no."})
    assert "Legal says no." in page(client, address)
    client.post(f"{address}dismiss/", {"because": ""})
    assert "Dismissed" not in page(client, address).split("<h1>")[1][:200]
    client.post(f"{address}dismiss/", {"because": "Settled by the new terms."})
    assert "Dismissed without a ruling." in page(client, address)
    client.post(f"{address}reopen/")
    assert "Owner and due time" in page(client, address)


def test_who_looks_on_changes_nothing(cast: Cast, browser: Browser) -> None:
    case = case_of_two(cast)
    client = browser("auditor")
    assert "Show what it would do" not in page(client, f"/edge-cases/{case.pk}/")
    for step in ("rule", "undo", "owner", "items", "take-out", "comments", "dismiss", "reopen"):
        assert client.post(f"/edge-cases/{case.pk}/{step}/", FORM).status_code == 403
    page(browser("reviewer"), "/edge-cases/", 403)


def test_gaps_are_shown_until_somebody_answers(cast: Cast, browser: Browser) -> None:
    asked(cast, *items(1, risk={"level": "low", "tags": ["refund"]}), now=clock.now())
    client = browser("lead")
    assert "Nobody answers for 2 topics." in page(client, "/ownership/")
    client.post("/ownership/set/", {"topic": "refund", "owner": cast.lead.user_id})
    assert "Nobody answers for one topic." in page(client, "/ownership/")
    client.post("/ownership/set/", {"source": "support-chatbot", "owner": cast.admin.user_id, "deputy": ""})
    assert "Somebody answers for everything." in page(client, "/ownership/")
    client.post(f"/ownership/{Ownership.objects.get(topic='refund').pk}/end/")
    assert Ownership.objects.filter(ended_at=None).count() == 1


def test_the_ladders_waits_are_set_and_kept_within_a_week(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    client.post("/ownership/ladder/", {"owner": "5", "deputy": "10", "lead": "15", "admin": "20"})
    assert LadderSetting.objects.get().lead_minutes == 15
    refused = client.post("/ownership/ladder/", {"owner": "99999"}, follow=True)
    assert "From 0 minutes to a week." in refused.content.decode()


def test_what_waits_for_too_long_stands_on_ones_own_page(cast: Cast, browser: Browser) -> None:
    long_ago = clock.now() - timedelta(hours=5)
    asked(cast, *items(1), now=long_ago)
    pipeline.climb(workspace_id=cast.workspace.pk, now=clock.now())
    for path in ("/my-queue/", "/edge-cases/"):
        shown = page(browser("lead"), path)
        assert "Waits for too long" in shown
        assert "told every lead" in shown
    assert "told every admin" in page(browser("admin"), "/my-queue/")
