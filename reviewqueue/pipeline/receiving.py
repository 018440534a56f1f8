"""Received: submissions are stored with their wait for triage and their events."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction

from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import Actor, record_new_items
from reviewqueue.common.background import ring
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Source
from reviewqueue.intake.rules import Submission
from reviewqueue.triage import actions as triage

DEADLOCK = "40P01"


def submit_items(
    *,
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
    key_id: UUID | None = None,
) -> list[intake.Received]:
    """Store submissions with their wait for triage and their events; answer for each, in order.

    Once this returns, every item answered as new survives anything. With ``key_id`` nothing is stored unless that
    key holds at this very moment. Raises KeyGone.
    """
    return again_if_it_must(
        lambda: _submit(workspace, submissions, sources, by, now, key_id),
        whole=lambda: intake.at_once(submissions, sources),
    )


def again_if_it_must(
    step: Callable[[], list[intake.Received]], *, whole: Callable[[], bool] = lambda: False
) -> list[intake.Received]:
    """Take a step in a transaction; again when it met a deadlock, or rows that this process alone remembers.

    ``whole``: whether the step is one statement at this moment, which is all or nothing by itself.
    """
    for attempt in range(4):
        try:
            alone = not connection.in_atomic_block and whole()
            with nullcontext() if alone else transaction.atomic():
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
    key_id: UUID | None,
) -> list[intake.Received]:
    along = (
        triage.await_triage(workspace_id=workspace.pk, now=now),
        record_new_items(workspace_id=workspace.pk, verb="receive", by=by, at=now),
    )
    received = intake.receive(
        workspace=workspace, submissions=submissions, sources=sources, now=now, along=along, key_id=key_id
    )
    if any(one.new for one in received):
        failpoint("submit_items.stored")
        ring("triage", workspace.pk)
    return received
