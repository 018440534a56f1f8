"""Who works when: the calendars of teams, without those who are away."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reviewqueue.accounts.models import Absence, Shift, TeamMember
from reviewqueue.accounts.queries import calendar_of
from reviewqueue.accounts.working_time import Calendar, shift_spans, working_spans
from reviewqueue.queues.models import QueueMember

from ..rules.crew import Crew

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Planned:
    """People as the shifts plan them: who works in which queues and when, and shifts that members cannot fill.

    ``missing`` are (begin, end, people) that a shift plans and its team does not have.
    """

    crew: Crew
    missing: tuple[tuple[datetime, datetime, int], ...] = ()
    teams: int = 0


def spells_of(
    *, workspace_id: UUID, people: Iterable[UUID], begin: datetime, end: datetime
) -> dict[UUID, list[Span]]:
    """Return when each of these people works; those who are in no team with shifts are missing."""
    wanted, teams = set(people), _teams(workspace_id)
    away = _away(wanted, begin, end)
    found: dict[UUID, list[Span]] = {}
    for calendar, members in teams.values():
        spans = [(one.begin, one.end) for one in working_spans(begin, end, calendar)]
        for person in wanted.intersection(members):
            found[person] = sorted({*found.get(person, []), *_without(spans, away.get(person, ()))})
    return {person: _merged(spans) for person, spans in found.items()}


def planned(*, workspace_id: UUID, others: Crew, usual: Sequence[Span], begin: datetime, end: datetime) -> Planned:
    """Return who works as the shifts plan it, beside those of ``others`` who are in no team with shifts.

    Those are expected at the ``usual`` times. Of each shift so many people as are planned, of its members who review
    and are not away: those with the least to do first, so that the work is shared.
    """
    teams = _teams(workspace_id)
    queues = _queues(workspace_id)
    in_teams = {person for _calendar, members in teams.values() for person in members}
    away = _away(in_teams, begin, end)
    spells: dict[UUID, list[Span]] = {}
    missing: list[tuple[datetime, datetime, int]] = []
    for calendar, members in teams.values():
        able = [person for person in members if queues.get(person)]
        for shift in shift_spans(begin, end, calendar):
            here = [one for one in able if not _is_away(away.get(one, ()), shift.begin, shift.end)]
            here.sort(key=lambda one: (_hours(spells.get(one, [])), str(one)))
            for person in here[: shift.people]:
                spells.setdefault(person, []).append((shift.begin, shift.end))
            if shift.people > len(here):
                missing.append((shift.begin, shift.end, shift.people - len(here)))
    people = {person: queues[person] for person in spells}
    for person, theirs in others.people.items():
        if person not in in_teams:
            people[person], spells[person] = theirs, list(usual)
    crew = Crew(people, others.pace, others.measured, {who: _merged(sorted(spans)) for who, spans in spells.items()})
    return Planned(crew, tuple(missing), len(teams))


def _teams(workspace_id: UUID) -> dict[UUID, tuple[Calendar, list[UUID]]]:
    """Return each team that has shifts, with its calendar and members."""
    with_shifts = Shift.objects.filter(workspace_id=workspace_id, team__ended_at=None).values("team_id").distinct()
    members = TeamMember.objects.filter(team__in=with_shifts, ended_at=None).order_by("since", "pk")
    by_team: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for team_id, user_id in members.values_list("team_id", "user_id"):
        by_team[team_id].append(user_id)
    return {team_id: (calendar_of(team_id), people) for team_id, people in by_team.items()}


def _queues(workspace_id: UUID) -> dict[UUID, frozenset[UUID]]:
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    rows = QueueMember.objects.filter(workspace_id=workspace_id, ended_at=None)
    for user_id, queue_id in rows.values_list("user_id", "queue_id"):
        found[user_id].add(queue_id)
    return {person: frozenset(queues) for person, queues in found.items()}


def _away(people: Iterable[UUID], begin: datetime, end: datetime) -> Mapping[UUID, list[Span]]:
    found: defaultdict[UUID, list[Span]] = defaultdict(list)
    rows = Absence.objects.filter(user_id__in=list(people), to_at__gt=begin, from_at__lt=end)
    for user_id, from_at, to_at in rows.values_list("user_id", "from_at", "to_at"):
        found[user_id].append((from_at, to_at))
    return found


def _is_away(away: Sequence[Span], begin: datetime, end: datetime) -> bool:
    """Return whether somebody is away in the middle of a time: who misses an hour of a shift still has it."""
    middle = begin + (end - begin) / 2
    return any(from_at <= middle < to_at for from_at, to_at in away)


def _without(spans: Sequence[Span], away: Sequence[Span]) -> list[Span]:
    """Return spans with the times cut out in which somebody is away."""
    left = list(spans)
    for from_at, to_at in away:
        left = [
            piece
            for begin, end in left
            for piece in ((begin, min(end, from_at)), (max(begin, to_at), end))
            if piece[0] < piece[1]
        ]
    return left


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return sorted spans with those that touch or overlap as one."""
    merged: list[Span] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _hours(spans: Sequence[Span]) -> float:
    return sum((end - begin).total_seconds() for begin, end in spans)
