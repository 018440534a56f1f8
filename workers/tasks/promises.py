"""Promises: misses go on record, the overload plan begins and ends by its thresholds, people are called."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.metrics.queries.missing import workspaces_promising
from reviewqueue.triage.calling import call_due
from reviewqueue.triage.overload import workspaces_to_watch


@shared_task(name="misses")
def misses() -> int:
    """Put on record what was not over when it was due; return how many."""
    found, at = 0, now()
    for workspace_id in workspaces_promising():
        while some := pipeline.find_misses(workspace_id=workspace_id, now=at):
            found += len(some)
    return found


@shared_task(name="overload")
def overload(*_workspace: str) -> int:
    """Begin and end overload plans by their thresholds; return how many are at work."""
    at = now()
    return sum(pipeline.watch_overload(workspace_id=one, now=at) is not None for one in workspaces_to_watch())


@shared_task(name="calls")
def calls(*_workspace: str) -> int:
    """Send the e-mails of overload plans; return how many were tried."""
    tried = 0
    while some := call_due(now=now()):
        tried += some
    return tried
