"""The verbs of a team's time: its shifts, the days on which it is closed, and who is away."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from reviewqueue.audit.actions import record
from reviewqueue.common.errors import Conflict, Invalid, Place

from ..access import Viewer
from ..models import Absence, ClosedDay, Membership, Shift, Team
from ..teams import require_lead_of, require_lead_of_person
from ..working_time import Stretch
from .teams import tell

MOST_SHIFTS = 70
MOST_CLOSED_DAYS = 400
MOST_PEOPLE = 1_000
LONGEST_ABSENCE = timedelta(days=731)


def set_shifts(*, team: Team, shifts: Sequence[Stretch], by: Viewer, now: datetime) -> None:
    """Give a team its week anew. Without shifts it is open around the clock. Raises Invalid."""
    require_lead_of(team, by)
    _check_shifts(shifts)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)  # one week at a time
        Shift.objects.filter(team=team).delete()
        Shift.objects.bulk_create(
            Shift(
                workspace_id=team.workspace_id,
                team=team,
                weekday=one.weekday,
                begins=one.begins,
                ends=one.ends,
                people=one.people,
            )
            for one in shifts
        )
        tell(team, "set_shifts", by, now, shifts=len(shifts))


def _check_shifts(shifts: Sequence[Stretch]) -> None:
    places = []
    if len(shifts) > MOST_SHIFTS:
        places.append(Place("#/shifts", f"At most {MOST_SHIFTS} shifts a week."))
    seen: set[tuple] = set()
    for number, one in enumerate(shifts):
        key = (one.weekday, one.begins, one.ends)
        if one.weekday not in range(7):
            places.append(Place(f"#/shifts/{number}/weekday", "From 0 (Monday) to 6."))
        if not 0 <= one.people <= MOST_PEOPLE:
            places.append(Place(f"#/shifts/{number}/people", f"From 0 to {MOST_PEOPLE:,}."))
        if key in seen:
            places.append(Place(f"#/shifts/{number}", "This shift is there twice."))
        seen.add(key)
    if places:
        raise Invalid("This is no week.", places=places)


def close_day(*, team: Team, day: date, name: str = "", by: Viewer, now: datetime) -> None:
    """Let no shift of a team begin on a day. Raises Invalid, Conflict."""
    require_lead_of(team, by)
    if len(name) > 80 or "\0" in name:
        raise Invalid("The name is too long.", places=[Place("#/name", "At most 80 characters.")])
    if ClosedDay.objects.filter(team=team).count() >= MOST_CLOSED_DAYS:
        raise Conflict(f"A team has at most {MOST_CLOSED_DAYS} closed days.")
    try:
        with transaction.atomic():
            ClosedDay.objects.create(workspace_id=team.workspace_id, team=team, day=day, name=name.strip())
            tell(team, "close_day", by, now, day=day.isoformat())
    except IntegrityError:
        raise Conflict("This day is closed already.") from None


def open_day(*, closed: ClosedDay, by: Viewer, now: datetime) -> None:
    """Let a team work on a day that was closed."""
    require_lead_of(closed.team, by)
    with transaction.atomic():
        ClosedDay.objects.filter(pk=closed.pk).delete()
        tell(closed.team, "open_day", by, now, day=closed.day.isoformat())


def add_absence(*, membership: Membership, from_at: datetime, to_at: datetime, by: Viewer, now: datetime) -> Absence:
    """Note that a person is away: nothing is dealt to them then. They may say so themselves. Raises Invalid."""
    _require_say(by, membership.user_id)
    if not from_at < to_at <= from_at + LONGEST_ABSENCE:
        places = [Place("#/to_at", "After its beginning, and within two years of it.")]
        raise Invalid("This is no time away.", places=places)
    with transaction.atomic():
        absence = Absence.objects.create(
            workspace_id=membership.workspace_id,
            user_id=membership.user_id,
            from_at=from_at,
            to_at=to_at,
            created_at=now,
            created_by=by.user,
        )
        _tell_absence(absence, "add", by, now)
    return absence


def end_absence(*, absence: Absence, by: Viewer, now: datetime) -> None:
    """Take back that a person is away, or let them be back from now on."""
    _require_say(by, absence.user_id)
    with transaction.atomic():
        there = Absence.objects.filter(pk=absence.pk)
        if absence.from_at < now:
            there.filter(to_at__gt=now).update(to_at=now)
        else:
            there.delete()
        _tell_absence(absence, "end", by, now)


def _require_say(by: Viewer, user_id: UUID) -> None:
    if by.user is None or by.user.pk != user_id:
        require_lead_of_person(by, user_id)


def _tell_absence(absence: Absence, verb: str, by: Viewer, now: datetime) -> None:
    record(
        workspace_id=absence.workspace_id,
        verb=verb,
        subject=("absence", absence.pk),
        by=by.actor,
        at=now,
        data={"user": str(absence.user_id), "from": absence.from_at.isoformat(), "to": absence.to_at.isoformat()},
    )
