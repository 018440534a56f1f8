"""Dropping what was told long ago: tries, and messages that are over, in portions that hold nobody up."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from ..models import DeliveryAttempt, Message

_TRIES = "DELETE FROM delivery_deliveryattempt WHERE delivery_id = ANY (%s)"
_OVER = """
DELETE FROM delivery_delivery
WHERE message_id = ANY (%s) AND asked_at < %s AND (delivered_at IS NOT NULL OR given_up_at IS NOT NULL)
RETURNING id
"""
_TOLD = """
DELETE FROM delivery_message m
WHERE m.id = ANY (%s) AND NOT EXISTS (SELECT 1 FROM delivery_delivery d WHERE d.message_id = m.id)
"""


def forget_attempts(*, before: datetime) -> None:
    """Drop tries that are too old to be of interest."""
    old = DeliveryAttempt.objects.filter(at__lt=before).order_by("at").values("pk")[:5_000]
    while DeliveryAttempt.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]:
        pass


def forget_messages(*, before: datetime, page: int = 1_000) -> int:
    """Drop messages from before a moment that are over for every webhook; return how many.

    What waits still, or was asked for again since, stays. So do the counts of messages (Stream): the next message of
    an item has the next number, however long ago the last one was.
    """
    dropped, after = 0, UUID(int=0)
    while old := list(Message.objects.filter(pk__gt=after).order_by("pk").values_list("pk", "created_at")[:page]):
        # ids are in order of time: behind the first that is young enough there is nothing to drop
        ids = [pk for pk, created_at in old if created_at < before]
        if not ids:
            break
        dropped += _drop(ids, before)
        after = old[-1][0]
    return dropped


def _drop(message_ids: list[UUID], before: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OVER, [message_ids, before])
        cursor.execute(_TRIES, [[pk for (pk,) in cursor.fetchall()]])
        cursor.execute(_TOLD, [message_ids])
        return cursor.rowcount
