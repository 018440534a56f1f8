"""Publishing what can no longer be undone."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.review.queries import workspaces_due


@shared_task(name="publish")
def publish() -> int:
    """Publish due outcomes of every workspace; return how many."""
    published = 0
    for workspace_id in workspaces_due(now=now()):
        while rows := pipeline.publish(workspace_id=workspace_id, now=now()):
            published += len(rows)
    return published
