"""The board: the day's finding, the three levers pulled and taken back, many items given to one person."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.accounts.actions import add_member
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.metrics.queries.overload import measured
from reviewqueue.queues.models import QueueMember, Stop
from reviewqueue.triage.actions.policies import roll_back
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.queries import current_policy
from reviewqueue.web import pulling
from tests.cast import Cast, item
from tests.steps import claim, queued, submit, triage

Browser = Callable[[str], Client]
PROMISES = {"risk": {"level": "low", "tags": ["delivery-promise"]}}


def page(client: Client, path: str = "/board/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def flood(cast: Cast, count: int = 150, **changes) -> None:
    """Let many items come half an hour ago: more than three people can do in two hours, if it goes on."""
    queued(cast, count, now=now() - timedelta(minutes=30), **changes)


def helper(cast: Cast) -> Membership:
    return add_member(
        workspace=cast.workspace,
        email="fresh@acme.localhost",
        name="Fresh",
        role="reviewer",
        password=None,
        by=SYSTEM,
        now=now() - timedelta(days=1),
    )


def test_a_calm_board_says_that_every_promise_holds(cast: Cast, browser: Browser) -> None:
    assert "Nothing waits, and every promise holds." in page(browser("lead"))


def test_a_day_that_breaks_is_said_in_one_sentence(cast: Cast, browser: Browser) -> None:
    flood(cast)
    words = page(browser("lead"))
    assert "the two-hour promise breaks at" in words
    assert "150 waiting reviews have nobody." in words
    assert words.count('<svg class="chart for-') == 2
    hours = page(browser("lead"), "/board/hours/")
    assert "How it is worked out" in hours


def test_a_late_item_is_told_apart_from_what_will_be_late(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now() - timedelta(hours=3))
    words = page(browser("lead"))
    assert "items are late; nothing more will be" in words


def test_what_a_stop_keeps_from_people_is_said_and_counted_as_late(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now() - timedelta(minutes=5))
    assert "every promise holds" in page(browser("lead"))
    given = {"why": Stop.Why.WRONG_ANSWERS, "by": SYSTEM, "now": now()}
    for what in ({"queue": cast.support}, {"source": cast.source}, {}):
        made = pipeline.stop(workspace=cast.workspace, **what, **given)
        for path in ("/board/", "/board/queues/support/", "/promises/"):
            told = page(browser("lead"), path)
            said = re.search(r"as long as the stop lasts, (\d+) items are handed to nobody; they count as late", told)
            assert said, "those that wait, and those that are expected"
            assert int(said[1]) >= 3
            assert "every promise holds" not in told.lower()
        pipeline.end_stop(stop=made, by=SYSTEM, person=None, now=now())
    assert "every promise holds" in page(browser("lead"))


def test_a_stop_begins_no_overload_plan(cast: Cast) -> None:
    queued(cast, 3, now=now() - timedelta(minutes=5))
    pipeline.stop(workspace=cast.workspace, queue=cast.support, why=Stop.Why.WRONG_ANSWERS, by=SYSTEM, now=now())
    line = measured(workspace_id=cast.workspace.pk, watched_id=None, now=now())
    assert (line.waiting, line.minutes_late) == (3, 0)


def test_a_script_gets_only_the_part_that_changes(cast: Cast, browser: Browser) -> None:
    answer = browser("lead").get("/board/", HTTP_HX_REQUEST="true").content.decode()
    assert answer.lstrip().startswith('<div class="head">')
    assert "<html" not in answer


@pytest.mark.parametrize("name", ["reviewer", "ml"])
def test_the_board_is_for_those_who_answer_for_queues(cast: Cast, browser: Browser, name: str) -> None:
    assert browser(name).get("/board/").status_code == 403


def test_an_auditor_sees_the_levers_and_cannot_pull_them(cast: Cast, browser: Browser) -> None:
    flood(cast, 60, **PROMISES)
    client = browser("auditor")
    words = page(client)
    assert "late instead of" in words
    assert "/board/levers/" not in words
    assert client.get("/board/levers/rule/").status_code == 403
    assert client.post("/board/levers/", {"version": 1}).status_code == 403


def test_another_workspace_adds_nothing_to_the_board(cast: Cast, browser: Browser) -> None:
    flood(cast)
    assert "Nothing waits" in page(browser("stranger"))
    assert "conv-1" not in page(browser("stranger"), "/board/queues/support/")


# --- a rule -------------------------------------------------------------------------------------------------------


def test_a_rule_is_previewed_written_applied_to_new_items_and_taken_back(cast: Cast, browser: Browser) -> None:
    flood(cast, 60, confidence=0.55, **PROMISES)
    client = browser("lead")
    preview = page(client, "/board/levers/rule/?group=risk_tags::delivery-promise&confidence=0.5&rate=0")
    assert "new items only" in preview
    assert current_policy(cast.workspace.pk).version == 1
    chosen = {"group": "risk_tags::delivery-promise", "confidence": "0.5", "rate": "0", "version": "1"}
    after = client.post("/board/levers/rule/", chosen, follow=True).content.decode()
    assert "Policy 2 is in force" in after
    policy = current_policy(cast.workspace.pk)
    rules = list(policy.rules.order_by("position"))
    assert [(rule.queue, rule.sample_rate) for rule in rules[1:2]] == [(None, 0.0)]
    assert rules[0].name == "High risk"
    submit(cast, item("later", confidence=0.55, **PROMISES))
    triage(now())
    assert Slot.objects.filter(item__external_id="later").count() == 0
    client.post("/board/undo/")
    again = current_policy(cast.workspace.pk)
    assert (again.version, [rule.name for rule in again.rules.order_by("position")]) == (3, ["High risk", "Unsure"])
    assert Event.objects.filter(verb="activate").count() >= 3


def test_a_rule_previewed_against_an_older_policy_is_not_written(cast: Cast, browser: Browser) -> None:
    flood(cast, 60, confidence=0.55, **PROMISES)
    client = browser("lead")
    answer = client.post("/board/levers/rule/", {"confidence": "0.5", "version": "0"})
    assert answer.status_code == 409
    assert RoutingPolicy.objects.filter(workspace=cast.workspace).count() == 1


def test_a_policy_that_comes_into_force_at_this_very_moment_is_not_written_over(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by a lever nor by taking one back: both have looked which policy is in force a moment before."""
    flood(cast, 60, confidence=0.55, **PROMISES)
    chosen = {"group": "risk_tags::delivery-promise", "confidence": "0.5", "rate": "0", "version": "1"}
    fields_of = pulling.fields_of

    def after_somebody_else(rule: RoutingRule) -> dict:
        monkeypatch.setattr(pulling, "fields_of", fields_of)
        first = RoutingPolicy.objects.get(workspace=cast.workspace, version=1)
        roll_back(to=first, note="", by=None, actor=SYSTEM, now=now())
        return fields_of(rule)

    client = browser("lead")
    monkeypatch.setattr(pulling, "fields_of", after_somebody_else)
    assert client.post("/board/levers/rule/", chosen).status_code == 409
    assert current_policy(cast.workspace.pk).version == 2
    assert client.post("/board/levers/rule/", {**chosen, "version": "2"}).status_code == 302
    monkeypatch.setattr(pulling, "fields_of", after_somebody_else)
    client.post("/board/undo/")
    assert list(RoutingPolicy.objects.filter(based_on__version=1).values_list("version", flat=True)) == [2, 4]
    assert current_policy(cast.workspace.pk).version == 4


# --- people -------------------------------------------------------------------------------------------------------


def test_a_helper_joins_a_queue_and_leaves_it_again(cast: Cast, browser: Browser) -> None:
    fresh = helper(cast)
    flood(cast)
    client = browser("lead")
    assert "Let Fresh help in Support" in page(client)
    chosen = {"help": "support", "person": str(fresh.user_id)}
    after = client.post("/board/levers/people/", chosen, follow=True).content.decode()
    assert "One more person takes from Support now." in after
    mine = QueueMember.objects.filter(queue=cast.support, user=fresh.user, ended_at=None)
    assert mine.exists()
    client.post("/board/undo/")
    assert not mine.exists()


def test_help_makes_less_late(cast: Cast, browser: Browser) -> None:
    fresh = helper(cast)
    flood(cast, 400)
    client = browser("lead")
    before = late_of(page(client))
    client.post("/board/levers/people/", {"help": "support", "person": str(fresh.user_id)})
    assert late_of(page(client)) <= before


def late_of(words: str) -> int:
    return int(words.split("items will be late")[0].rsplit("and ", 1)[1].split(" of ")[0].replace(",", ""))


# --- an owner -----------------------------------------------------------------------------------------------------


def test_a_class_gets_an_owner_and_loses_them_again(cast: Cast, browser: Browser) -> None:
    flood(cast, 12, **PROMISES)
    client = browser("lead")
    chosen = {"tag": "delivery-promise", "to": str(cast.lead.user_id), "count": "5"}
    preview = page(client, f"/board/levers/owner/?tag=delivery-promise&to={cast.lead.user_id}&count=5")
    assert "Give Lead the first 5 waiting items: delivery-promise." in preview
    after = client.post("/board/levers/owner/", chosen, follow=True).content.decode()
    assert "5 items are Lead&#x27;s now." in after
    held = Assignment.objects.filter(user=cast.lead.user, ended_at=None)
    assert held.count() == 5
    client.post("/board/undo/")
    assert held.count() == 0


def test_questions_to_a_lead_are_a_class_of_their_own(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="May I?")
    client = browser("lead")
    assert "One question to a lead is unanswered." in page(client)
    client.post("/board/levers/owner/", {"tag": ":questions", "to": str(cast.lead.user_id), "count": "5"})
    assert Assignment.objects.get(user=cast.lead.user, ended_at=None).slot.kind == "adjudication"


def test_all_three_at_once_are_pulled_and_taken_back(cast: Cast, browser: Browser) -> None:
    helper(cast)
    flood(cast, 60, confidence=0.55, **PROMISES)
    client = browser("lead")
    assert "All three at once" in page(client, "/board/levers/")
    client.post("/board/levers/", {"version": "1"})
    assert Assignment.objects.filter(user=cast.lead.user, ended_at=None).exists()
    assert QueueMember.objects.filter(user__name="Fresh", ended_at=None).exists()
    client.post("/board/undo/")
    assert not Assignment.objects.filter(ended_at=None).exists()
    assert not QueueMember.objects.filter(user__name="Fresh", ended_at=None).exists()


# --- giving many to one person --------------------------------------------------------------------------------------


def test_many_are_given_after_a_preview_and_taken_back(cast: Cast, browser: Browser) -> None:
    queued(cast, 8, now=now())
    client = browser("lead")
    query = f"queue=support&count=3&to={cast.reviewer.user_id}"
    assert "3 waiting items of Support would be Reviewer's." in page(client, f"/board/assign/?{query}")
    assert not Assignment.objects.exists()
    client.post("/board/assign/", {"queue": "support", "count": "3", "to": str(cast.reviewer.user_id)})
    held = Assignment.objects.filter(user=cast.reviewer.user, ended_at=None)
    assert held.count() == 3
    assert "Last change:" in page(client)
    client.post("/board/undo/")
    assert held.count() == 0


def test_what_a_person_has_returned_is_skipped_and_said(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="not mine")
    chosen = {"queue": "support", "count": "5", "to": str(cast.reviewer.user_id)}
    after = browser("lead").post("/board/assign/", chosen, follow=True).content.decode()
    assert "One was skipped" in after
    assert Assignment.objects.filter(user=cast.reviewer.user, ended_at=None).count() == 1


def test_nothing_is_given_to_a_person_of_another_workspace(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    chosen = {"queue": "support", "count": "5", "to": str(cast.stranger.user_id)}
    assert browser("lead").post("/board/assign/", chosen).status_code == 404
    assert browser("reviewer").post("/board/assign/", chosen).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/board/levers/rule/?confidence=nan&rate=x",
        "/board/levers/people/?help=nowhere&person=zzz",
        "/board/levers/owner/?tag=%00&to=1&count=99999999999",
        "/board/?x=%00",
    ],
)
def test_unreadable_addresses_show_the_defaults(cast: Cast, browser: Browser, path: str) -> None:
    flood(cast, 20, **PROMISES)
    page(browser("lead"), path)


def test_one_queue_has_a_page_with_the_head_of_its_line(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now())
    words = page(browser("lead"), "/board/queues/support/")
    assert "conv-0" in words
    assert browser("lead").get("/board/queues/nowhere/").status_code == 404
