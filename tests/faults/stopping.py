"""The steps of stops for each failpoint: begun, carried out page by page, ended, and let go."""

from datetime import timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.models import Workspace
from reviewqueue.assignment.models import Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import Source
from reviewqueue.queues import actions
from reviewqueue.queues.models import Stop
from tests import steps
from tests.cast import NOW, Cast, item

SOON = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(minutes=10)


# --- what must be there before -------------------------------------------------------------------------------


def both_wait(cast: Cast) -> None:
    """Items wait for people, and one for triage."""
    steps.queued(cast, 2)
    steps.submit(cast, item("conv-9", confidence=0.99))


def begun(*, source: bool) -> Stop:
    """Write that something is stopped, and do nothing about it yet."""
    workspace = Workspace.objects.get(slug="acme")
    slug = Source.objects.get(workspace=workspace).slug if source else ""
    return actions.begin_stop(
        workspace_id=workspace.pk,
        source_slug=slug,
        queue=None,
        why=Stop.Why.OUTAGE,
        note="",
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def waited_for(cast: Cast) -> None:
    """An AI system waits, and work was stopped at this moment."""
    steps.on_duty(cast.reviewer)
    steps.hold(cast, steps.held_item("conv-7"))
    begun(source=False)


def to_hold_back(cast: Cast) -> None:
    """Items of a source that was stopped at this moment are still in their line."""
    steps.queued(cast, 2)
    begun(source=True)


def stopped(cast: Cast) -> None:
    """A source is stopped: its items are out of the line, and what would pass waits."""
    both_wait(cast)
    made = begun(source=True)
    pipeline.carry_out_stops(now=SOON)
    steps.triage()
    assert Slot.objects.filter(stop=made).count() == 2


def to_let_go(cast: Cast) -> None:
    """Its stop has ended, and nothing is back in its place yet."""
    stopped(cast)
    actions.end_stop(stop=Stop.objects.get(), by=None, actor=SYSTEM, now=LATER)


# --- the steps -----------------------------------------------------------------------------------------------


def stop() -> None:
    workspace = Workspace.objects.get(slug="acme")
    source = Source.objects.get(workspace=workspace)
    pipeline.stop(workspace=workspace, source=source, why=Stop.Why.OUTAGE, by=SYSTEM, now=NOW)


def end_stop() -> None:
    pipeline.end_stop(stop=Stop.objects.get(), by=SYSTEM, now=LATER)


def carry_out() -> None:
    """Do all that is left to do, as workers do it again and again."""
    for _round in range(3):
        pipeline.carry_out_stops(now=LATER + timedelta(minutes=5))
