"""Promises and the overload plan in the browser, without JavaScript."""

from collections.abc import Callable
from datetime import time, timedelta

from django.test import Client

from reviewqueue import pipeline
from reviewqueue.accounts.models import Shift, Team, TeamMember
from reviewqueue.common.clock import now
from reviewqueue.queues.models import Promise
from reviewqueue.triage.models import OverloadPlan, OverloadRun
from tests.cast import Cast
from tests.steps import queued

Browser = Callable[[str], Client]
PLAN = {
    "rate-0": "",
    "held-0": "on",
    "rate-1": "20",
    "emails": "agency@example.com",
    "starts_waiting": "100",
    "ends_waiting": "10",
    "starts_minutes_late": "",
    "ends_minutes_late": "",
    "watched": "",
}


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def post(client: Client, path: str, follow: bool = True, **typed: str) -> str:
    return client.post(path, typed, follow=follow).content.decode()


def team(cast: Cast) -> Team:
    made = Team.objects.create(workspace=cast.workspace, name="Day shift", created_at=now())
    TeamMember.objects.create(workspace=cast.workspace, team=made, user=cast.reviewer.user, since=now())
    for weekday in range(7):
        Shift.objects.create(
            workspace=cast.workspace, team=made, weekday=weekday, begins=time(0), ends=time(0), people=3
        )
    return made


def test_a_lead_promises_and_takes_it_back(cast: Cast, browser: Browser) -> None:
    lead, ours = browser("lead"), team(cast)
    told = post(lead, "/promises/set/", queue="support", urgency="high", minutes="30", team=str(ours.pk))
    assert "Promised. What comes from now on is due by it." in told
    assert "Day shift" in told
    promise = Promise.objects.get(ended_at=None)
    assert (promise.minutes, promise.urgency, promise.team) == (30, "high", ours)
    assert "the queue&#x27;s own minutes hold" in post(lead, f"/promises/{promise.pk}/end/").lower()
    assert not Promise.objects.filter(ended_at=None).exists()


def test_minutes_that_are_none_are_told_and_nothing_changes(cast: Cast, browser: Browser) -> None:
    for minutes in ("0", "soon", "-5", "9999999"):
        assert "Between 1 and 525600." in post(
            browser("lead"), "/promises/set/", queue="support", urgency="normal", minutes=minutes
        )
    assert not Promise.objects.exists()


def test_what_will_be_late_and_who_is_missing_is_said_until_tomorrows_end(cast: Cast, browser: Browser) -> None:
    team(cast)
    queued(cast, 150, now=now() - timedelta(minutes=30))
    for address in ("/promises/", "/promises/?like=week"):
        told = page(browser("auditor"), address)
        assert "Until the end of tomorrow" in told
        assert "Hour by hour" in told
        assert "would keep every promise to come" in told or "more people cannot keep all of it" in told
        assert "plans 2 people more than its team has" in told


def test_a_calm_workspace_is_told_so(cast: Cast, browser: Browser) -> None:
    told = page(browser("lead"), "/promises/")
    assert "Every promise holds until the end of tomorrow." in told
    assert "Nothing was missed" in told
    assert "No team has shifts yet" in told


def test_misses_are_counted_by_why_and_filtered(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now() - timedelta(hours=3))
    pipeline.find_misses(workspace_id=cast.workspace.pk, now=now())
    lead = browser("lead")
    assert "nobody worked in the queue" in page(lead, "/promises/")
    told = page(lead, "/promises/misses/?why=no_people&queue=support&days=2")
    assert (told.count("still open"), told.count("2 h waiting")) == (3, 3)
    assert "Nothing fits" in page(lead, "/promises/misses/?why=held")
    assert told.count('rel="next"') == 0
    item_page = page(lead, f"/items/{_first_item(cast)}/")
    assert "Promise missed" in item_page


def _first_item(cast: Cast) -> str:
    from reviewqueue.intake.models import Item

    return str(Item.objects.filter(workspace=cast.workspace).earliest("pk").pk)


def test_reviewers_see_neither_page(cast: Cast, browser: Browser) -> None:
    for path in ("/promises/", "/promises/misses/", "/overload/", "/overload/rehearsal/"):
        page(browser("reviewer"), path, 403)


# --- overload -----------------------------------------------------------------------------------------------------


def test_a_lead_makes_rehearses_arms_begins_and_ends_a_plan(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    assert "There is no overload plan yet." in page(lead, "/overload/")
    assert "People see, in per cent" in page(lead, "/overload/plan/")
    told = post(lead, "/overload/plan/", **PLAN, member=str(cast.lead.user_id))
    assert "Of “Unsure” people see 20 % at random; high risk they see all." in told
    assert "It begins with 100 waiting items in all queues together, and ends with 10 or fewer." in told
    assert "Lead, agency@example.com" in told
    queued(cast, 12, now=now() - timedelta(hours=2))
    told = page(lead, "/overload/rehearsal/?days=2")
    assert "In the time looked at the plan would not have begun." in told
    assert "From now on the plan begins by itself when a threshold is reached." in post(
        lead, "/overload/arm/", armed="yes"
    )
    told = post(lead, "/overload/begin/", note="a strike")
    assert "The overload plan is at work." in told
    assert "Lead began it (a strike)." in told
    assert "The overload plan is at work" in page(browser("auditor"), "/board/")
    assert "Lead ended it" in post(lead, "/overload/end/")
    assert OverloadRun.objects.get().end_why == "by_hand"
    assert "From now on only a person" in post(lead, "/overload/arm/", armed="no")


def test_a_form_that_is_wrong_says_where_and_keeps_what_was_typed(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    for typed, said in (
        ({"rate-1": "0"}, "From 1 to 100 %: never to nothing."),
        ({"rate-1": "half"}, "From 1 to 100 %: never to nothing."),
        ({"starts_waiting": "many"}, "A whole number is required."),
        ({"ends_waiting": "100"}, "The end lies below the beginning."),
        ({"ends_waiting": ""}, "Both a beginning and an end, or neither."),
        ({"emails": "nobody"}, "This is no e-mail address."),
    ):
        answer = lead.post("/overload/plan/", {**PLAN, **typed})
        told = answer.content.decode()
        assert answer.status_code == 422
        assert said in told
        assert f'value="{typed.get("rate-1", "20")}"' in told
    assert not OverloadPlan.objects.exists()


def test_the_form_says_what_of_high_risk_is_never_thinned(cast: Cast, browser: Browser) -> None:
    told = page(browser("lead"), "/overload/plan/")
    assert told.count("high risk: people see all of it") == 1
    assert "People still see all of high risk, whatever the rule." in told


def test_beginning_what_is_at_work_is_refused_in_words(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    assert "There is no overload plan yet." in post(lead, "/overload/begin/")
    post(lead, "/overload/plan/", **PLAN)
    post(lead, "/overload/begin/")
    answer = lead.post("/overload/begin/")
    assert answer.status_code == 409
    assert "The overload plan is at work already." in answer.content.decode()


def test_a_rehearsal_shows_both_ways_the_days_could_have_gone(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    post(lead, "/overload/plan/", **{**PLAN, "starts_waiting": "", "ends_waiting": ""})
    queued(cast, 40, now=now() - timedelta(hours=5))
    told = page(lead, "/overload/rehearsal/")
    assert "the plan would have left 8 items late instead of 40" in told
    assert "At work all the time: the plan does not say when it begins by itself." in told
    assert "What is known less well" in told
    assert "instead of 80" in page(lead, "/overload/rehearsal/?times=2")
