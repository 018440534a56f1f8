"""What is promised at Kranich & Moor, what was missed on the day of the strike, and the plan for the next one."""

from datetime import datetime

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Role, Team, Workspace
from reviewqueue.queues.actions import set_promise
from reviewqueue.queues.models import Promise, Queue
from reviewqueue.triage.actions.overload import Planned, Stratum, Thresholds
from reviewqueue.triage.overload import plan_of

from .workspace import DOMAIN

#: Queue, urgency, minutes, and the team in whose working hours; none: around the clock.
PROMISED = (
    ("refunds", "normal", 240, "Porto"),
    ("refunds", "high", 60, "Porto"),
    ("safety", "high", 60, ""),
)
STRATA = (Stratum("Delivery promises", 0.3), Stratum("Unsure answers", 0.2, answers_held=True))
CALLED = (f"temps@{DOMAIN}",)
BEGINS, ENDS = 60, 20
BEGINS_LATE, ENDS_LATE = 30, 5


def promise_and_plan(workspace: Workspace, *, now: datetime) -> None:
    """Say what is promised, put on record what was missed, and make the plan; each part once."""
    lead = Membership.objects.select_related("user").filter(workspace=workspace, role=Role.LEAD, ended_at=None)
    viewer = viewer_of_member(lead.earliest("created_at"))
    if not Promise.objects.filter(workspace=workspace).exists():
        _promise(workspace, viewer, now)
    while pipeline.find_misses(workspace_id=workspace.pk, now=now):
        pass
    if plan_of(workspace.pk) is None:
        _plan(viewer, now)


def _promise(workspace: Workspace, viewer: Viewer, now: datetime) -> None:
    queues = {one.slug: one for one in Queue.objects.filter(workspace=workspace)}
    teams = {one.name: one for one in Team.objects.filter(workspace=workspace, ended_at=None)}
    for slug, urgency, minutes, team in PROMISED:
        set_promise(
            queue=queues[slug],
            urgency=urgency,
            minutes=minutes,
            team=teams[team] if team else None,
            by=viewer.user,
            actor=viewer.actor,
            now=now,
        )


def _plan(viewer: Viewer, now: datetime) -> None:
    """Make the plan, and leave arming and beginning it to whoever looks at the demo."""
    assert viewer.user is not None
    planned = Planned(
        strata=STRATA,
        members=[viewer.user.pk],
        emails=CALLED,
        thresholds=Thresholds(
            starts_waiting=BEGINS, ends_waiting=ENDS, starts_minutes_late=BEGINS_LATE, ends_minutes_late=ENDS_LATE
        ),
    )
    pipeline.save_plan(planned=planned, by=viewer, now=now)
