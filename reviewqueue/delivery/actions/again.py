"""Sending again what a person asks for: the same messages, under the same ids; and a message just to see."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict

from ..models import OPEN, Delivery, Message, Webhook
from ..rules import TEST, Answer
from .announcing import Announcement, next_number
from .sending import LEASE, keep_attempts, write_answer
from .webhooks import Disabled

#: Replays of many messages: no oftener than this, and so many at once.
REPLAY_PAUSE = timedelta(minutes=1)
MOST_AT_ONCE = 10_000


class TooSoon(Conflict):
    """This webhook was sent many messages again less than a minute ago; wait a little."""

    slug = "replayed-just-now"


class NothingToReplay(Conflict):
    """There is nothing here that is over: what still waits is sent anyway."""

    slug = "nothing-to-replay"


def replayable(
    *, webhook: Webhook, failed: bool, since: datetime | None, until: datetime | None
) -> QuerySet[Delivery]:
    """Return what a replay would send again: all that is over, or what was given up; of a time range, or of all."""
    over = Delivery.objects.filter(~OPEN, webhook=webhook).exclude(message__event_type=TEST)
    if failed:
        over = over.filter(delivered_at=None)
    if since:
        over = over.filter(created_at__gte=since)
    return over.filter(created_at__lt=until) if until else over


def replay(*, deliveries: QuerySet[Delivery], webhook: Webhook, actor: Actor, now: datetime) -> int:
    """Send many messages again, oldest first, under their own ids; return how many (MOST_AT_ONCE at most).

    Raises Disabled, TooSoon or NothingToReplay.
    """
    with transaction.atomic():
        rested = Q(replayed_at=None) | Q(replayed_at__lte=now - REPLAY_PAUSE)
        if not Webhook.objects.filter(rested, pk=webhook.pk, disabled_at=None).update(replayed_at=now):
            webhook.refresh_from_db()
            raise Disabled if webhook.disabled_at else TooSoon
        chosen = deliveries.order_by("created_at", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE]
        return _again(list(chosen), webhook, actor, now)


def replay_one(*, delivery: Delivery, actor: Actor, now: datetime) -> None:
    """Send one message again, under its own id. Raises Disabled, or NothingToReplay while it still waits."""
    with transaction.atomic():
        if delivery.webhook.disabled_at:
            raise Disabled
        _again([delivery.pk], delivery.webhook, actor, now)


def _again(ids: list[UUID], webhook: Webhook, actor: Actor, now: datetime) -> int:
    asked = Delivery.objects.filter(~OPEN, pk__in=ids).update(
        asked_at=now, due_at=now, attempts=0, lease_until=None, delivered_at=None, given_up_at=None
    )
    if not asked:
        raise NothingToReplay
    record(
        workspace_id=webhook.workspace_id,
        verb="replay",
        subject=("webhook", webhook.pk),
        by=actor,
        at=now,
        data={"messages": asked, **({"delivery": str(ids[0])} if asked == 1 else {})},
    )
    ring("deliver", webhook.workspace_id)
    return asked


def open_test(*, webhook: Webhook, actor: Actor, now: datetime) -> Delivery:
    """Write a message of the type `webhook.test`, taken already: the caller sends it. Raises Disabled or Conflict."""
    with transaction.atomic():
        held = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        if held.disabled_at:
            raise Disabled
        if Delivery.objects.filter(OPEN, webhook=held, stream_id=held.pk, lease_until__gt=now).exists():
            raise Conflict("A test is on its way already.")
        delivery = _test_delivery(held, now)
        record(workspace_id=held.workspace_id, verb="test", subject=("webhook", held.pk), by=actor, at=now)
    return delivery


def _test_delivery(webhook: Webhook, now: datetime) -> Delivery:
    test = Announcement(TEST, webhook.pk, None)
    message = Message.objects.create(
        workspace_id=webhook.workspace_id,
        event_type=TEST,
        subject_id=webhook.pk,
        stream_id=test.stream_id,
        sequence=next_number(test.stream_id, webhook.workspace_id),
        created_at=now,
    )
    return Delivery.objects.create(
        workspace_id=webhook.workspace_id,
        webhook=webhook,
        message=message,
        stream_id=message.stream_id,
        sequence=message.sequence,
        created_at=now,
        asked_at=now,
        due_at=now + LEASE,
        lease_until=now + LEASE,
        attempts=1,
    )


def end_test(*, delivery: Delivery, answer: Answer, now: datetime) -> None:
    """Write what became of a test: a success closes the endpoint's circuit, a failure is not held against it."""
    if answer.delivered:
        write_answer(delivery=delivery, answer=answer, now=now)
        return
    with transaction.atomic():
        Delivery.objects.filter(OPEN, pk=delivery.pk).update(
            given_up_at=now, lease_until=None, last_status=answer.status, last_error=answer.error[:80]
        )
        keep_attempts([(delivery, answer)], now)
