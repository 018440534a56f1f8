"""Received: submissions are stored with their wait for triage and their events."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction

from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import Actor, record_all
from reviewqueue.common.background import ring
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Source
from reviewqueue.intake.rules import Submission
from reviewqueue.triage import actions as triage

from .moves import item_event

DEADLOCK = "40P01"


def submit_items(
    *,
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    """Store submissions with their wait for triage and their events; answer for each, in order.

    Once this returns, every item answered as new survives anything.
    """
    return again_if_it_must(lambda: _submit(workspace, submissions, sources, by, now))


def again_if_it_must(step: Callable[[], list[intake.Received]]) -> list[intake.Received]:
    """Take a step in a transaction; again when it met a deadlock, or rows that this process alone remembers."""
    for attempt in range(4):
        try:
            with transaction.atomic():
                return step()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != DEADLOCK or attempt == 3:
                raise
        except IntegrityError:  # what this process remembers is gone: the database was restored under it
            if attempt:
                raise
            intake.forget_seen()
    raise AssertionError("unreachable")


def _submit(
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    received = intake.receive(workspace=workspace, submissions=submissions, sources=sources, now=now)
    fresh = [one.id for one in received if one.new]
    if fresh:
        triage.await_triage(workspace_id=workspace.pk, item_ids=fresh, now=now)
        record_all(item_event(workspace.pk, "receive", item_id, by, now) for item_id in fresh)
        failpoint("submit_items.stored")
        ring("triage", workspace.pk)
    return received
