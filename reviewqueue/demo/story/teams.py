"""Two teams: Hamburg around the clock in three shifts, and Porto for refunds, to which items are dealt."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Role, Team, Workspace
from reviewqueue.accounts.working_time import Stretch

from .workspace import DOMAIN

HAMBURG = [
    Stretch(day, begins, ends, people)
    for day in range(7)
    for begins, ends, people in ((time(6), time(14), 3), (time(14), time(22), 3), (time(22), time(6), 1))
]
PORTO = [Stretch(day, time(8), time(20), 2 if day < 5 else 1) for day in range(7)]
NOTE = (
    "The haulier's strike goes on: no delivery dates, offer to cancel free of charge.\n"
    "Two customers with order numbers beginning KM-204 will write again about their lamps; both get a new one."
)
FROM_PORTO = "Refunds of last week are all out. Three customers wait for the bank; nothing to do before Thursday."


def form_teams(workspace: Workspace, *, now: datetime) -> None:
    """Make both teams with their people, weeks and what was handed over; once."""
    if Team.objects.filter(workspace=workspace).exists():
        return
    members = Membership.objects.select_related("user").filter(workspace=workspace, ended_at=None)
    people = {one.user.email.removesuffix(f"@{DOMAIN}"): one for one in members}
    lead = viewer_of_member(next(one for one in people.values() if one.role == Role.LEAD))
    in_hamburg = ("lead", "reviewer", "reviewer2", "reviewer3", "reviewer4")
    hamburg = _team("Hamburg", "de", "Europe/Berlin", [people[one].user_id for one in in_hamburg], lead, now)
    in_porto = ("reviewer5", "reviewer6")
    porto = _team("Porto", "en", "Europe/Lisbon", [people[one].user_id for one in in_porto], lead, now)
    accounts.set_shifts(team=hamburg, shifts=HAMBURG, by=lead, now=now)
    accounts.set_shifts(team=porto, shifts=PORTO, by=lead, now=now)
    accounts.close_day(team=porto, day=_christmas(now), name="Natal", by=lead, now=now)
    away = datetime.combine(now.date() + timedelta(days=2), time(0), UTC)
    accounts.add_absence(
        membership=people["reviewer6"], from_at=away, to_at=away + timedelta(days=3), by=lead, now=now
    )
    accounts.limit_hands(team=porto, hand_limit=2, by=lead, now=now)
    accounts.begin_dealing(team=porto, by=lead, now=now)
    accounts.hand_over(from_team=hamburg, to_team=hamburg, text=NOTE, by=lead, now=now - timedelta(hours=1))
    porto_lead = viewer_of_member(people["reviewer5"])
    accounts.hand_over(
        from_team=porto, to_team=hamburg, text=FROM_PORTO, by=porto_lead, now=now - timedelta(hours=13)
    )
    for address in ("reviewer3", "reviewer4"):
        accounts.prefer(user=people[address].user, language="de", time_zone="Europe/Berlin")


def _team(name: str, language: str, zone: str, ids: list[UUID], lead: Viewer, now: datetime) -> Team:
    """Make a team that its first person leads and its second stands in for."""
    team = accounts.create_team(
        name=name, site=name, language=language, time_zone=zone, lead_id=ids[0], deputy_id=ids[1], by=lead, now=now
    )
    for user_id in ids:
        accounts.join_team(team=team, user_id=user_id, by=lead, now=now)
    return team


def _christmas(now: datetime) -> date:
    day = now.date().replace(month=12, day=25)
    return day if day >= now.date() else day.replace(year=day.year + 1)
