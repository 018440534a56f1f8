"""By when what comes to a queue is due: minutes of a team's working time, or around the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from reviewqueue.accounts.queries import calendar_of
from reviewqueue.accounts.working_time import ALWAYS, Calendar, add_working_minutes

from .models import Promise, Queue


@dataclass(frozen=True, slots=True)
class Promised:
    """So many minutes of a calendar's working time; ``row`` is None when only the queue itself says how many."""

    minutes: int
    calendar: Calendar = ALWAYS
    row: Promise | None = None

    def due_at(self, at: datetime, minutes: int | None = None) -> datetime:
        """Return when what comes at a moment is due; ``minutes`` (a rule's) stand before the promise's own."""
        minutes = self.minutes if minutes is None else minutes
        if self.calendar is ALWAYS:
            return at + timedelta(minutes=minutes)
        return add_working_minutes(at, minutes, self.calendar)


@dataclass(frozen=True, slots=True)
class Promises:
    """The promises of one workspace that are in force."""

    said: Mapping[tuple[UUID, str], Promised] = field(default_factory=dict)

    def of(self, queue: Queue, urgency: str = Promise.Urgency.NORMAL) -> Promised:
        """Return what holds in a queue: of high urgency what is said of it, else what holds for all."""
        found = self.said.get((queue.pk, urgency)) or self.said.get((queue.pk, Promise.Urgency.NORMAL))
        return found or Promised(queue.due_minutes)


def promises_of(workspace_id: UUID) -> Promises:
    """Return a workspace's promises; each team's calendar is read once. A team that has ended bounds nothing."""
    rows = list(Promise.objects.filter(workspace_id=workspace_id, ended_at=None).select_related("team"))
    teams = {one.team_id for one in rows if one.team and one.team.ended_at is None}
    calendars = {team_id: calendar_of(team_id) for team_id in teams if team_id}

    def calendar(one: Promise) -> Calendar:
        return calendars.get(one.team_id, ALWAYS) if one.team_id else ALWAYS

    return Promises({(one.queue_id, one.urgency): Promised(one.minutes, calendar(one), one) for one in rows})
