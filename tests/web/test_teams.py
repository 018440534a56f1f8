"""Teams on screen: a lead makes one and its week without JavaScript; a team's own lead sees to their people."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Absence, ClosedDay, HandOver, Membership, Team
from reviewqueue.accounts.queries import calendar_of
from reviewqueue.accounts.working_time import Stretch
from reviewqueue.assignment.actions import presence
from reviewqueue.assignment.hands import present
from reviewqueue.assignment.models import Assignment, Presence
from reviewqueue.common.clock import database_now, now
from tests.cast import Cast
from tests.steps import claim, queued

Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _nothing_written_lately() -> None:
    presence._written.clear()


@pytest.fixture
def team(cast: Cast) -> Team:
    lead = cast.viewer("lead")
    made = accounts.create_team(name="Lisbon", site="Lisbon", time_zone="Europe/Lisbon", by=lead, now=now())
    accounts.join_team(team=made, user_id=cast.reviewer.user_id, by=lead, now=now())
    return made


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_lead_makes_a_team_and_adds_people(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    assert "There is no team yet." in page(lead, "/teams/")
    made = lead.post("/teams/", {"name": "Nights", "zone": "Europe/Berlin", "lead": str(cast.reviewer2.user_id)})
    assert made.status_code == 302
    added = lead.post(f"{made['Location']}join/", {"to": str(cast.reviewer.user_id)}, follow=True)
    words = added.content.decode()
    assert "Nights: nobody is here" in words
    assert cast.reviewer.user.name in words
    assert "Berlin" in page(lead, "/teams/")


def test_what_is_wrong_with_a_team_is_said_with_its_place_and_kept(cast: Cast, browser: Browser) -> None:
    answer = browser("lead").post("/teams/", {"name": "Nights", "zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "A zone such as Europe/Berlin." in answer.content.decode()
    assert 'value="Nights"' in answer.content.decode()
    assert not Team.objects.exists()


def test_a_name_that_another_team_has_is_refused(cast: Cast, team: Team, browser: Browser) -> None:
    assert browser("lead").post("/teams/", {"name": "LISBON", "zone": "UTC"}).status_code == 409


def test_a_reviewer_makes_no_team_and_sees_only_their_own(cast: Cast, team: Team, browser: Browser) -> None:
    other = accounts.create_team(name="Oslo", by=cast.viewer("lead"), now=now())
    reviewer = browser("reviewer")
    assert reviewer.post("/teams/", {"name": "Mine", "zone": "UTC"}).status_code == 403
    assert "Oslo" not in page(reviewer, "/teams/")
    assert reviewer.get(f"/teams/{other.pk}/").status_code == 404
    assert "Edit the week" not in page(reviewer, f"/teams/{team.pk}/")
    assert reviewer.get(f"/teams/{team.pk}/week/").status_code == 403


def test_the_week_is_edited_as_rows_of_hours(cast: Cast, team: Team, browser: Browser) -> None:
    lead, week = browser("lead"), f"/teams/{team.pk}/week/"
    typed = {"begins-0": "09:00", "ends-0": "17:30", "people-0-0": "3", "people-0-4": "2", "begins-1": "22:00"}
    typed |= {"ends-1": "06:00", "people-1-6": "1", "begins-2": "", "ends-2": ""}
    assert lead.post(week, typed).status_code == 302
    assert set(calendar_of(team.pk).shifts) == {
        Stretch(0, time(9), time(17, 30), 3),
        Stretch(4, time(9), time(17, 30), 2),
        Stretch(6, time(22), time(6), 1),
    }
    assert "25 hours a week" in page(lead, f"/teams/{team.pk}/")
    assert 'value="17:30"' in page(lead, week)


def test_a_row_without_times_is_said_and_nothing_is_lost(cast: Cast, team: Team, browser: Browser) -> None:
    typed = {"begins-0": "", "ends-0": "17:00", "people-0-0": "3"}
    answer = browser("lead").post(f"/teams/{team.pk}/week/", typed)
    assert answer.status_code == 422
    assert "Row 1: when does it begin and end?" in answer.content.decode()
    assert 'value="17:00"' in answer.content.decode()


def test_absences_and_closed_days_are_noted_and_removed(cast: Cast, team: Team, browser: Browser) -> None:
    reviewer, lead, here = browser("reviewer"), browser("lead"), f"/teams/{team.pk}/"
    away = {"who": str(cast.reviewer.user_id), "from": "2031-05-01T00:00", "to": "2031-05-08T00:00"}
    assert reviewer.post(f"{here}absences/", away).status_code == 302
    absence = Absence.objects.get()
    assert absence.from_at.hour == 23  # midnight in Lisbon's summer
    assert reviewer.post(f"{here}absences/", {**away, "to": "2031-04-01T00:00"}).status_code == 422
    assert reviewer.post(f"{here}absences/{absence.pk}/end/").status_code == 302
    assert not Absence.objects.exists()
    assert lead.post(f"{here}closed/", {"day": "2031-12-25", "name": "Christmas"}).status_code == 302
    assert "Christmas" in page(lead, here)
    assert lead.post(f"{here}closed/", {"day": "2031-12-25"}).status_code == 409
    assert lead.post(f"{here}closed/{ClosedDay.objects.get().pk}/open/").status_code == 302
    assert reviewer.post(f"{here}closed/", {"day": "2031-12-25"}).status_code == 403


def test_a_reviewer_notes_no_absence_of_a_colleague(cast: Cast, team: Team, browser: Browser) -> None:
    accounts.join_team(team=team, user_id=cast.reviewer2.user_id, by=cast.viewer("lead"), now=now())
    away = {"who": str(cast.reviewer2.user_id), "from": "2031-05-01T00:00", "to": "2031-05-08T00:00"}
    assert browser("reviewer").post(f"/teams/{team.pk}/absences/", away).status_code == 403


def test_a_note_for_the_next_shift_is_shown_to_its_people_until_they_have_read_it(
    cast: Cast, team: Team, browser: Browser
) -> None:
    lead = browser("lead")
    lead.post(f"/teams/{team.pk}/hand-over/", {"text": "Voucher answers wait for the shop.\nAsk Kim."})
    reviewer = browser("reviewer")
    assert "Voucher answers wait for the shop." in page(reviewer, "/my-queue/")
    assert "Voucher answers" not in page(browser("reviewer2"), "/my-queue/")
    note = HandOver.objects.get()
    assert browser("reviewer2").post(f"/hand-overs/{note.pk}/read/").status_code == 404
    assert reviewer.post(f"/hand-overs/{note.pk}/read/").status_code == 302
    assert "Voucher answers" not in page(reviewer, "/my-queue/")
    assert "Voucher answers" in page(reviewer, f"/teams/{team.pk}/")


def test_dealing_is_switched_on_by_the_teams_lead_and_shown_to_its_people(
    cast: Cast, team: Team, browser: Browser
) -> None:
    queued(cast, 3)
    reviewer = browser("reviewer")
    page(reviewer, "/my-queue/")
    answer = browser("lead").post(f"/teams/{team.pk}/dealing/", {"on": "1", "hand_limit": "2"})
    assert answer.status_code == 302
    assert pipeline.deal(workspace_id=cast.workspace.pk, now=now()) == 2
    words = page(reviewer, "/my-queue/")
    assert "2 items were dealt to you." in words
    assert words.count("dealt to you</span>") == 2
    turn = Assignment.objects.filter(user=cast.reviewer.user).earliest("slot__rank")
    page(reviewer, reverse("turn", args=[turn.pk]))
    assert "One item was dealt to you." in page(reviewer, "/my-queue/")
    assert f"Dealt to {cast.reviewer.user.name}" in page(browser("lead"), f"/items/{turn.item_id}/")
    assert browser("lead").post(f"/teams/{team.pk}/dealing/", {"on": "1"}).status_code == 409


def test_an_open_page_says_that_its_person_is_here(cast: Cast, browser: Browser) -> None:
    reviewer = browser("reviewer")
    assert reviewer.post("/presence/").status_code == 204
    assert Presence.objects.get().user == cast.reviewer.user
    reviewer.post("/sign-out/")
    assert not Presence.objects.exists()


def test_a_sign_of_life_is_written_seldom(cast: Cast, browser: Browser) -> None:
    reviewer = browser("reviewer")
    reviewer.post("/presence/")
    first = Presence.objects.get().seen_at
    reviewer.post("/presence/")
    assert Presence.objects.get().seen_at == first


def test_a_teams_own_lead_takes_back_and_limits_but_changes_no_team(cast: Cast, team: Team, browser: Browser) -> None:
    Team.objects.filter(pk=team.pk).update(lead=cast.reviewer2.user)
    queued(cast, 1)
    claim(cast, cast.reviewer, now=now())
    theirs, here = browser("reviewer2"), f"/teams/{team.pk}/"
    words = page(theirs, here)
    assert "Let the item they hold go back" in words
    assert "The team itself" not in words
    person = f"{here}people/{cast.reviewer.user_id}/"
    assert theirs.post(f"{person}limits/", {"hand_limit": "4", "daily_capacity": ""}).status_code == 302
    assert Membership.objects.get(pk=cast.reviewer.pk).hand_limit == 4
    assert theirs.post(f"{person}take-back/").status_code == 302
    assert not Assignment.objects.filter(ended_at=None).exists()
    assert theirs.post(f"{person}leave/").status_code == 403
    assert theirs.post(f"{here}end/").status_code == 403


def test_the_board_shows_the_queues_of_one_team(cast: Cast, team: Team, browser: Browser) -> None:
    from reviewqueue.queues.models import QueueMember

    QueueMember.objects.filter(user=cast.reviewer.user, queue=cast.careful).delete()
    lead = browser("lead")
    everything, theirs = page(lead, "/board/"), page(lead, f"/board/?team={team.pk}")
    assert 'id="queue-careful"' in everything
    assert 'id="queue-support"' in everything
    assert 'id="queue-careful"' not in theirs
    assert 'id="queue-support"' in theirs
    assert f'hx-get="/board/?team={team.pk}"' in theirs


def test_a_team_that_ended_is_gone_and_its_name_is_free(cast: Cast, team: Team, browser: Browser) -> None:
    lead = browser("lead")
    assert lead.post(f"/teams/{team.pk}/end/").status_code == 302
    assert lead.get(f"/teams/{team.pk}/").status_code == 404
    assert lead.post("/teams/", {"name": "Lisbon", "zone": "UTC"}).status_code == 302


def test_who_is_here_is_told_by_the_clock_of_the_database_alone(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web server whose clock is slow would take what was dealt away from people who are at work."""
    monkeypatch.setattr("reviewqueue.web.context.now", lambda: now() - timedelta(minutes=10))
    page(browser("reviewer"), "/my-queue/")
    assert cast.reviewer.user_id in present(workspace_id=cast.workspace.pk, now=database_now())


def test_turns_that_leads_end_or_give_run_on_the_databases_clock(
    cast: Cast, team: Team, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the trail of an item would show two people at it at once."""
    for module, name in (("teams", "now"), ("changing", "clock_now")):
        monkeypatch.setattr(f"reviewqueue.web.{module}.{name}", lambda: now() - timedelta(minutes=10))
    queued(cast, 1, now=now())
    turn, lead = claim(cast, cast.reviewer, now=None), browser("lead")
    item_id = turn.assignment.item_id
    given = {"verb": "reassign", "item": str(item_id)}
    lead.post(reverse("items_change"), {**given, "to": str(cast.reviewer2.user_id)})
    lead.post(reverse("items_change"), {**given, "to": str(cast.reviewer.user_id)})
    lead.post(f"/teams/{team.pk}/people/{cast.reviewer.user_id}/take-back/")
    times = list(Assignment.objects.order_by("fence").values_list("opened_at", "ended_at"))
    assert len(times) == 3
    assert [one for both in times for one in both] == sorted(one for both in times for one in both)
