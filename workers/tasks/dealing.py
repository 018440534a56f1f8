"""Hands kept filled: what waits goes to people who are present, and what the absent hold goes back."""

from uuid import UUID

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.accounts.teams import workspaces_dealing


@shared_task(name="deal")
def deal(workspace_id: str = "") -> int:
    """Take back from the absent, and deal to those present (of one workspace, or all); return how many were dealt."""
    pipeline.take_back_absent()
    workspaces = [UUID(workspace_id)] if workspace_id else workspaces_dealing()
    return sum(pipeline.deal(workspace_id=one) for one in workspaces)
