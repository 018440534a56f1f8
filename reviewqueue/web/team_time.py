"""A team's time on its page: the week and its editor, closed days, who is away, and hand-over notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import formats
from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import ClosedDay, Team
from reviewqueue.accounts.teams import absences_of, belongs_to, hand_overs_of, leads
from reviewqueue.accounts.working_time import Calendar, Stretch, working_minutes, working_spans
from reviewqueue.common.errors import Invalid, Place

from .words import clock

#: Rows of the editor that are empty, for more shifts.
SPARE_ROWS = 2
MOST_ROWS = 20
LATEST_NOTES = 5
#: How far ahead a page looks for the next shift.
AHEAD = timedelta(days=14)
#: A Monday: the names of the days come from it.
MONDAY = date(2024, 1, 1)


@dataclass(slots=True)
class Row:
    """Shifts at the same hours: how many people on each day, as it is shown and typed."""

    begins: str = ""
    ends: str = ""
    people: list[str] = field(default_factory=lambda: [""] * 7)


def hours_words(calendar: Calendar, at: datetime) -> str:
    """Say whether a team works at a moment, and when that changes, in the reader's time."""
    if not calendar.shifts and not calendar.closed:
        return _("around the clock")
    span = next(working_spans(at, at + AHEAD, calendar), None)
    if span is None:
        return _("closed")
    if span.begin > at:
        return _("from %(time)s") % {"time": clock(span.begin, at)}
    if span.end >= at + AHEAD:
        return _("around the clock")
    return _("until %(time)s") % {"time": clock(span.end, at)}


def there_words(team: Team, at: datetime) -> str:
    """Say what time it is where a team is."""
    city = team.time_zone.rsplit("/", 1)[-1].replace("_", " ")
    return _("%(time)s in %(city)s") % {"time": f"{at.astimezone(ZoneInfo(team.time_zone)):%H:%M}", "city": city}


def day_names() -> list[str]:
    """Return the short names of the days from Monday on, in the reader's language."""
    return [formats.date_format(MONDAY.replace(day=1 + number), "D") for number in range(7)]


def rows_of(shifts: Iterable[Stretch]) -> list[Row]:
    """Return a week as rows of equal hours."""
    rows: dict[tuple[time, time], Row] = {}
    for one in sorted(shifts, key=lambda shift: (shift.begins, shift.ends)):
        row = rows.setdefault((one.begins, one.ends), Row(f"{one.begins:%H:%M}", f"{one.ends:%H:%M}"))
        row.people[one.weekday] = str(one.people)
    return list(rows.values())


def typed_rows(sent: QueryDict) -> list[Row]:
    """Return the rows of the editor as they were typed."""
    return [
        Row(
            sent.get(f"begins-{number}", "").strip(),
            sent.get(f"ends-{number}", "").strip(),
            [sent.get(f"people-{number}-{day}", "").strip() for day in range(7)],
        )
        for number in range(MOST_ROWS)
        if f"begins-{number}" in sent
    ]


def shifts_in(rows: Sequence[Row]) -> list[Stretch]:
    """Return the shifts that rows mean; a row without people means none. Raises Invalid with each row's fault."""
    shifts, places = [], []
    for number, row in enumerate(rows, start=1):
        if not any(one not in {"", "0"} for one in row.people):
            continue
        begins, ends = _time(row.begins), _time(row.ends)
        if begins is None or ends is None:
            places.append(Place(f"#/{number}", _("Row %(n)s: when does it begin and end?") % {"n": number}))
            continue
        for weekday, text in enumerate(row.people):
            if text in {"", "0"}:
                continue
            if not (text.isascii() and text.isdigit() and len(text) < 5):
                places.append(Place(f"#/{number}", _("Row %(n)s: people are a whole number.") % {"n": number}))
                break
            shifts.append(Stretch(weekday, begins, ends, int(text)))
    if places:
        raise Invalid(_("The week was not saved."), places=places)
    return shifts


def _time(text: str) -> time | None:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo else found.replace(second=0, microsecond=0)


def here_at(text: str, team: Team) -> datetime:
    """Return what was typed as a time where the team is. Raises Invalid."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(team.time_zone))
    except ValueError:
        raise Invalid(_("Please give both times."), places=[Place("#/from", _("A date and a time."))]) from None


def calendar_context(team: Team, calendar: Calendar, people: Sequence[UUID], at: datetime) -> dict[str, Any]:
    """Return the week, the closed days to come, and who is away, for a team's page."""
    today = at.astimezone(ZoneInfo(team.time_zone)).date()
    monday = datetime.combine(MONDAY, time(0), ZoneInfo(team.time_zone))
    week = Calendar(calendar.time_zone, calendar.shifts)
    return {
        "days": day_names(),
        "week": rows_of(calendar.shifts),
        "week_hours": working_minutes(monday, monday.replace(day=8), week) / 60,
        "closed_days": ClosedDay.objects.filter(team=team, day__gte=today).order_by("day"),
        "absences": absences_of(workspace_id=team.workspace_id, user_ids=people, since=at),
    }


def hand_over_context(viewer: Viewer, team: Team) -> dict[str, Any]:
    """Return the last notes of a team, and whether the viewer may write one."""
    own = viewer.user is not None and belongs_to(viewer.user.pk, team)
    notes = hand_overs_of(team)[:LATEST_NOTES] if own or leads(viewer, team) else []
    others = Team.objects.filter(workspace_id=team.workspace_id, ended_at=None).exclude(pk=team.pk).order_by("name")
    return {"notes": notes, "may_write": own or leads(viewer, team), "other_teams": others}
