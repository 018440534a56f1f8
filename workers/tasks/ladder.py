"""The ladder: telling people of what waits for too long, and sending their e-mails."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.edgecases.mailing import send_due
from reviewqueue.edgecases.queries import workspaces_waiting


@shared_task(name="ladder")
def ladder() -> int:
    """Climb the ladder of every workspace in which something waits; return how many people were told."""
    at = now()
    return sum(len(pipeline.climb(workspace_id=one, now=at)) for one in workspaces_waiting())


@shared_task(name="mail")
def mail() -> int:
    """Send the e-mails that are due; return how many were tried."""
    tried = 0
    while some := send_due(now=now()):
        tried += some
    return tried
