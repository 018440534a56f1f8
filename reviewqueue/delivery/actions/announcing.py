"""Saying what happened: messages with their deliveries, in the transaction in which it happens."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min

from reviewqueue.common.background import ring
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Publication

from ..models import Delivery, Message, Webhook
from ..rules import SETTLED, SUPERSEDED


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something worth telling; ``data`` holds ids, numbers and enumerated words only."""

    event_type: str
    subject_id: UUID
    item_id: UUID | None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def stream_id(self) -> UUID:
        """By what its messages are counted: the item, or the subject when there is none."""
        return self.item_id or self.subject_id


def announce(
    *,
    event_type: str,
    workspace_id: UUID,
    subject_id: UUID,
    item_id: UUID | None,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    """Tell every webhook that wants to know, in the caller's transaction; the bell rings after its commit.

    Call it last: it holds the item's count of messages until the transaction ends.
    """
    one = Announcement(event_type, subject_id, item_id, data or {})
    announce_all(announcements=[one], workspace_id=workspace_id, now=now)


def queue_deliveries(*, publications: Sequence[Publication], now: datetime) -> None:
    """Tell of publications of one workspace, in the transaction that publishes them."""
    if publications:
        workspace_id = publications[0].workspace_id
        if Webhook.objects.filter(workspace_id=workspace_id, disabled_at=None).exists():
            announce_all(announcements=_told(publications), workspace_id=workspace_id, now=now)


def _told(publications: Sequence[Publication]) -> list[Announcement]:
    """Return what is said of each: an item's first publication settles it, a later one supersedes."""
    item_ids = {one.item_id for one in publications}
    firsts = Publication.objects.filter(item_id__in=item_ids).values("item_id").annotate(first=Min("position"))
    first = {row["item_id"]: row["first"] for row in firsts}
    return [
        Announcement(SETTLED if one.position == first[one.item_id] else SUPERSEDED, one.pk, one.item_id)
        for one in sorted(publications, key=lambda one: one.position)
    ]


def announce_all(*, announcements: Sequence[Announcement], workspace_id: UUID, now: datetime) -> None:
    """Tell of many things of one workspace at once; nothing is written that no webhook wants."""
    wanted = _wanted(announcements, workspace_id)
    if not wanted:
        return
    numbers = _numbers([one.stream_id for one, _webhooks in wanted], workspace_id)
    messages = [_message(one, next(numbers[one.stream_id]), workspace_id, now) for one, _webhooks in wanted]
    Message.objects.bulk_create(messages)
    Delivery.objects.bulk_create(
        _delivery(message, webhook, now)
        for message, (_one, webhooks) in zip(messages, wanted, strict=True)
        for webhook in webhooks
    )
    ring("deliver", workspace_id)


def _wanted(announcements: Sequence[Announcement], workspace_id: UUID) -> list[tuple[Announcement, list[Webhook]]]:
    """Return what some webhook wants to know, with those webhooks."""
    types = {one.event_type for one in announcements}
    webhooks = list(Webhook.objects.filter(workspace_id=workspace_id, disabled_at=None, events__overlap=[*types]))
    sources = _sources(announcements) if any(webhook.source_id for webhook in webhooks) else {}
    by_announcement = [(one, _listeners(one, webhooks, sources)) for one in announcements]
    return [(one, listeners) for one, listeners in by_announcement if listeners]


def _listeners(one: Announcement, webhooks: Iterable[Webhook], sources: Mapping[UUID, UUID]) -> list[Webhook]:
    source_id = sources.get(one.stream_id)
    return [
        webhook for webhook in webhooks if one.event_type in webhook.events and webhook.source_id in {None, source_id}
    ]


def _sources(announcements: Sequence[Announcement]) -> dict[UUID, UUID]:
    item_ids = {one.item_id for one in announcements if one.item_id}
    return dict(Item.objects.filter(pk__in=item_ids).values_list("pk", "source_id"))


_COUNT = """
INSERT INTO delivery_stream AS s (id, workspace_id, last)
SELECT id, %s, more FROM unnest(%s::uuid[], %s::int[]) AS given (id, more) ORDER BY id
ON CONFLICT (id) DO UPDATE SET last = s.last + EXCLUDED.last
RETURNING id, last
"""


def _numbers(stream_ids: Sequence[UUID], workspace_id: UUID) -> dict[UUID, Any]:
    """Return each stream's next numbers; its row is held until the transaction ends, so commits keep the order."""
    more = Counter(stream_ids)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [workspace_id, [*more.keys()], [*more.values()]])
        return {stream: iter(range(last - more[stream] + 1, last + 1)) for stream, last in cursor.fetchall()}


def next_number(stream_id: UUID, workspace_id: UUID) -> int:
    """Return the number of a stream's next message."""
    return next(_numbers([stream_id], workspace_id)[stream_id])


def _message(one: Announcement, sequence: int, workspace_id: UUID, now: datetime) -> Message:
    return Message(
        workspace_id=workspace_id,
        event_type=one.event_type,
        subject_id=one.subject_id,
        item_id=one.item_id,
        stream_id=one.stream_id,
        sequence=sequence,
        data=one.data,
        created_at=now,
    )


def _delivery(message: Message, webhook: Webhook, now: datetime) -> Delivery:
    return Delivery(
        workspace_id=message.workspace_id,
        webhook=webhook,
        message=message,
        stream_id=message.stream_id,
        sequence=message.sequence,
        created_at=now,
        asked_at=now,
        due_at=now,
    )
