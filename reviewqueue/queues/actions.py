"""The verbs that configure queues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record

from .models import Queue, QueueMember, ReasonCode, Rubric


def create_queue(*, workspace_id: UUID, slug: str, name: str, by: Actor, now: datetime, **settings: Any) -> Queue:
    """Create a queue; ``settings`` are its fields (reviews_required, lease_seconds, due_minutes, …)."""
    with transaction.atomic():
        queue = Queue.objects.create(workspace_id=workspace_id, slug=slug, name=name, created_at=now, **settings)
        record(workspace_id=workspace_id, verb="create", subject=("queue", queue.pk), by=by, at=now)
    return queue


def write_rubric(*, queue: Queue, guidelines: Sequence[str], by: User | None, actor: Actor, now: datetime) -> Rubric:
    """Write the next version of a queue's guidelines."""
    with transaction.atomic():
        last = Rubric.objects.filter(queue=queue).aggregate(last=Max("version"))["last"] or 0
        rubric = Rubric.objects.create(
            workspace_id=queue.workspace_id,
            queue=queue,
            version=last + 1,
            guidelines=list(guidelines),
            created_at=now,
            created_by=by,
        )
        record(workspace_id=queue.workspace_id, verb="create", subject=("rubric", rubric.pk), by=actor, at=now)
    return rubric


def name_reasons(*, workspace_id: UUID, reasons: Sequence[tuple[str, str]], now: datetime) -> None:
    """Name the workspace's reason codes as (slug, label), in the order of their keys; known ones stay."""
    ReasonCode.objects.bulk_create(
        [
            ReasonCode(workspace_id=workspace_id, slug=slug, label=label, position=position, created_at=now)
            for position, (slug, label) in enumerate(reasons, start=1)
        ],
        ignore_conflicts=True,
    )


def join_queue(*, queue: Queue, user: User, by: Actor, now: datetime) -> None:
    """Let a person take items from a queue; saying it twice changes nothing."""
    with transaction.atomic():
        _row, created = QueueMember.objects.get_or_create(
            queue=queue,
            user=user,
            ended_at=None,
            defaults={"workspace_id": queue.workspace_id, "created_at": now},
        )
        if created:
            record(
                workspace_id=queue.workspace_id,
                verb="join",
                subject=("queue", queue.pk),
                by=by,
                at=now,
                data={"user": str(user.pk)},
            )


def leave_queue(*, queue: Queue, user: User, by: Actor, now: datetime) -> None:
    """Let a person take no more items from a queue."""
    with transaction.atomic():
        if QueueMember.objects.filter(queue=queue, user=user, ended_at=None).update(ended_at=now):
            record(
                workspace_id=queue.workspace_id,
                verb="leave",
                subject=("queue", queue.pk),
                by=by,
                at=now,
                data={"user": str(user.pk)},
            )
