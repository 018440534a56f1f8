"""Steps of promises and overload, each begun where a process may end."""

from datetime import timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Workspace
from reviewqueue.triage.actions.overload import Planned, Stratum
from reviewqueue.triage.calling import call_due
from tests.cast import NOW, Cast
from tests.steps import queued

LATER = NOW + timedelta(hours=3)


def _lead() -> Viewer:
    return viewer_of_member(Membership.objects.select_related("user").get(user__email="lead@acme.localhost"))


# --- what is there before ------------------------------------------------------------------------------------


def overdue(cast: Cast) -> None:
    """Three items wait, and nobody has looked for misses."""
    queued(cast, 3)


def planned(cast: Cast) -> None:
    """There is a plan that calls somebody."""
    plan = Planned(strata=[Stratum("Unsure", 0.2)], emails=["agency@example.com"])
    pipeline.save_plan(planned=plan, by=cast.viewer("lead"), now=NOW)


def at_work(cast: Cast) -> None:
    """It is at work, and its e-mail is not out yet."""
    planned(cast)
    begin()


# --- the steps -----------------------------------------------------------------------------------------------


def find_misses() -> None:
    pipeline.find_misses(workspace_id=Workspace.objects.get(slug="acme").pk, now=LATER)


def begin() -> None:
    pipeline.begin_plan(note="", by=_lead(), now=NOW)


def end() -> None:
    pipeline.end_plan(by=_lead(), now=LATER)


def call() -> None:
    """Send what is due, and later what somebody took who ended with it."""
    call_due(now=LATER)
    call_due(now=LATER + timedelta(hours=1))
