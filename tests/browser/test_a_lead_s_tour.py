"""A lead's first afternoon, in one go: everything that leads run, by what the pages themselves say and link to."""

from datetime import time, timedelta

import pytest
from playwright.sync_api import Page, expect

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import HandOver
from reviewqueue.accounts.working_time import Stretch
from reviewqueue.assignment.models import BulkAction
from reviewqueue.common.clock import now
from reviewqueue.edgecases.models import RulingText
from reviewqueue.queues.models import Stop
from reviewqueue.triage.models import OverloadRun, QueueEntry
from reviewqueue.triage.queries import current_policy
from tests.browser.conftest import Opened
from tests.cast import Cast, item
from tests.edgecases.steps import asked, items
from tests.steps import submit, triage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GIFTS = "Is a gift card good for ever?"


def test_a_lead_runs_triage_and_assignment_without_a_manual(cast: Cast, opened: Opened) -> None:
    came(cast)
    page = opened("lead", "/board/")
    a_policy_for_gift_cards(cast, page)
    an_owner_for_refunds(page)
    tomorrows_shortage(page)
    a_plan_rehearsed_begun_and_ended(page)
    a_team_and_what_its_next_shift_should_know(page)
    a_ruling_in_two_languages_that_becomes_a_rule(cast, page)
    a_source_stopped_and_let_go_on(page)
    many_moved_and_taken_back(cast, page)


def came(cast: Cast) -> None:
    """Let answers come, more than the one who is there can review, some about gift cards; and two questions."""
    at = now() - timedelta(hours=4)
    asked(cast, *items(2, risk={"level": "low", "tags": ["refund"]}), now=at)
    messages = {"messages": [{"role": "user", "content": GIFTS}]}
    gifts = [item(f"gift-{n}", input=messages, confidence=0.95) for n in range(3)]
    submit(cast, *gifts, *[item(f"late-{n}") for n in range(120)], now=at)
    triage(at)
    porto = accounts.create_team(name="Porto", by=cast.viewer("lead"), now=at)
    accounts.join_team(team=porto, user_id=cast.reviewer.user_id, by=cast.viewer("lead"), now=at)
    week = [Stretch(day, time(0), time(0), 1) for day in range(7)]
    accounts.set_shifts(team=porto, shifts=week, by=cast.viewer("lead"), now=at)
    pipeline.find_misses(workspace_id=cast.workspace.pk, now=now())


def go(page: Page, name: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()


def a_policy_for_gift_cards(cast: Cast, page: Page) -> None:
    go(page, "Routing")
    page.get_by_role("button", name="Draft the next version").click()
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Condition 1", exact=True).select_option("the attribute … is")
    expect(page.get_by_label("Which attribute")).to_be_visible()
    page.get_by_label("Condition 1", exact=True).select_option("the text contains")
    expect(page.get_by_label("Which attribute")).to_be_hidden()
    page.get_by_label("Value").fill("gift card")
    page.get_by_label("Name of the rule").fill("Gift cards")
    page.get_by_label("Send it to").select_option("Careful")
    page.get_by_label("Its place").select_option("1, before High risk")
    page.get_by_label("Due in minutes").fill("ten")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_role("alert")).to_contain_text("Due in minutes: A whole number is required.")
    page.get_by_label("Due in minutes").fill("10")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator(".rules li").first).to_contain_text("When the text contains “gift card”: send it to Careful")
    page.get_by_role("button", name="Try it").click()
    pipeline.replay_next(clock=now)
    expect(page.get_by_role("heading", name="Items that change")).to_be_visible()
    expect(page.get_by_role("row", name="gift-0")).to_contain_text("Careful, by rule 1")
    page.get_by_role("link", name="Activate").click()
    expect(page.locator("ins").first).to_contain_text("gift card")
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("heading", name="Policy 2 is in force")).to_be_visible()
    page.get_by_role("link", name="compare, or bring it back").click()
    expect(page.locator("del").first).to_contain_text("gift card")
    page.get_by_role("button", name="Bring the rules of policy 1 back").click()
    expect(page.get_by_role("heading", name="Policy 3 is in force")).to_be_visible()


def an_owner_for_refunds(page: Page) -> None:
    go(page, "Edge cases")
    page.get_by_role("link", name="Who answers for what").click()
    page.get_by_role("row", name="refund").get_by_role("link", name="Name who answers").click()
    expect(page.get_by_label("Topic")).to_have_value("refund")
    page.get_by_label("Owner", exact=True).select_option("Lead")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("row", name="refund")).to_contain_text("Lead")


def tomorrows_shortage(page: Page) -> None:
    go(page, "Promises")
    expect(page.get_by_role("heading", level=1)).to_contain_text("late")
    expect(page.get_by_role("region", name="Who is missing")).to_be_visible()
    page.get_by_text("Hour by hour").first.click()
    expect(page.get_by_role("columnheader", name="Due then and late").first).to_be_visible()


def a_plan_rehearsed_begun_and_ended(page: Page) -> None:
    page.get_by_role("link", name="Make an overload plan").click()
    page.get_by_label("Of Unsure people see, in per cent").fill("20")
    page.get_by_label("Begins at so many waiting items").fill("10")
    page.get_by_role("button", name="Save the plan").click()
    expect(page.get_by_role("alert")).to_contain_text("Both a beginning and an end")
    page.get_by_label("Ends at so many", exact=True).fill("5")
    page.get_by_role("button", name="Save the plan").click()
    expect(page.get_by_text("It would begin at once: the number is reached.")).to_be_visible()
    page.get_by_role("link", name="Rehearse it").click()
    expect(page.get_by_text("misses avoided")).to_be_visible()
    page.get_by_role("link", name="Overload plan").click()
    page.get_by_label("Why").fill("a strike")
    page.get_by_role("button", name="Begin it now").click()
    page.get_by_role("button", name="End it now").click()
    expect(page.get_by_role("cell", name="a strike")).to_be_visible()
    assert OverloadRun.objects.get().ended_at


def a_team_and_what_its_next_shift_should_know(page: Page) -> None:
    go(page, "Teams")
    page.get_by_label("Name", exact=True).fill("Hamburg")
    page.get_by_role("textbox", name="Language").fill("de")
    page.get_by_role("combobox", name="Lead", exact=True).select_option("Lead")
    page.get_by_role("button", name="Create the team").click()
    page.get_by_label("What should the next shift know?").fill("The carrier is on strike.")
    page.get_by_role("button", name="Leave the note").click()
    expect(page.get_by_text("The carrier is on strike.")).to_be_visible()
    assert HandOver.objects.exists()


def a_ruling_in_two_languages_that_becomes_a_rule(cast: Cast, page: Page) -> None:
    go(page, "My queue")
    page.locator("#escalations li").first.locator("summary").click()
    page.get_by_label("What is unclear?").first.fill("Refunds after 30 days")
    page.get_by_role("button", name="Make it an edge case").first.click()
    page.locator("#alike [name=escalation]").check()
    page.get_by_role("button", name="Add the ticked ones").click()
    expect(page.get_by_text("2 items wait for this ruling.")).to_be_visible()
    page.get_by_label("Reject: the AI's answers are withheld").check()
    page.get_by_label("How bad were the answers?").select_option("Major")
    page.get_by_role("textbox", name="English").fill("Send them to the shop.")
    page.get_by_role("textbox", name="Deutsch").fill("An das Geschäft verweisen.")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("2 items would be settled.")).to_be_visible()
    page.get_by_role("button", name="Rule", exact=True).click()
    assert sorted(RulingText.objects.values_list("language", flat=True)) == ["de", "en"]
    page.get_by_role("button", name="Make it a routing rule").click()
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("heading", name="Policy 4 is in force")).to_be_visible()
    policy = current_policy(cast.workspace.pk)
    assert policy
    assert policy.rules.get(name="Refunds after 30 days").position == 1


def a_source_stopped_and_let_go_on(page: Page) -> None:
    go(page, "Queue board")
    page.get_by_role("link", name="Stop something").click()
    page.get_by_role("link", name="Stop Support bot").click()
    page.get_by_label("the AI's answers are wrong").check()
    page.get_by_role("button", name="Stop Support bot").click()
    page.get_by_role("button", name="Let it go on").first.click()
    expect(page.get_by_role("heading", name="Nothing is stopped.")).to_be_visible()
    assert Stop.objects.get().ended_at


def many_moved_and_taken_back(cast: Cast, page: Page) -> None:
    waits = QueueEntry.objects.filter(workspace=cast.workspace, queue=cast.support, ended_at=None)
    before = waits.count()
    go(page, "Items")
    page.get_by_label("Waits in").select_option("Support")
    page.get_by_role("button", name="Show", exact=True).click()
    for box in page.locator("[name=item]").all()[:3]:
        box.check()
    page.locator("#change-verb").select_option("move")
    page.get_by_role("button", name="Preview").click()
    page.get_by_label("Which queue").select_option("Careful")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("textbox", name="Why").fill("They ask about gift cards.")
    page.get_by_role("button", name="Change 3 items").click()
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("took it back").wait_for()
    assert BulkAction.objects.get().undo_asked_at
    assert waits.count() == before
