"""Held answers as the board shows them: how many wait, who is here for them, and how the last hour's ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.assignment.models import SILENCE, Duty
from reviewqueue.intake.models import Gate

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HeldNow:
    """Held answers at one moment; the last hour's by how they ended."""

    waiting: int
    people: list[User]
    decided: int
    timed_out: int
    unattended: int

    @property
    def any(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.waiting or self.people or self.decided or self.timed_out or self.unattended)


def held_now(*, viewer: Viewer, now: datetime) -> HeldNow:
    """Return a workspace's held answers and the people on duty."""
    gates = Gate.objects.filter(workspace_id=viewer.workspace_id)
    lately = gates.filter(closed_at__gt=now - HOUR, closed_at__lte=now).values_list("closed_because")
    ended = dict(lately.annotate(count=Count("pk")).order_by())
    here = Duty.objects.filter(workspace_id=viewer.workspace_id, ended_at=None, seen_at__gt=now - SILENCE)
    return HeldNow(
        waiting=gates.filter(closed_at=None).count(),
        people=[one.user for one in here.select_related("user").order_by("begun_at")],
        decided=ended.get(Gate.Closed.DECIDED, 0),
        timed_out=ended.get(Gate.Closed.TIMED_OUT, 0),
        unattended=ended.get(Gate.Closed.UNATTENDED, 0),
    )
