"""Answers that are held: opening gates, and closing each once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from ..models import Gate


def open_gates(*, gates: Iterable[Gate]) -> None:
    """Hold answers back, in the transaction that receives them; those that triage let pass are closed already."""
    Gate.objects.bulk_create(gates)


def close_gate(*, item_id: UUID, because: Gate.Closed, now: datetime) -> bool:
    """Close an item's gate; return whether this call closed it: False when it has none, or a closed one."""
    return bool(close_gates(item_ids=[item_id], because=because, now=now))


def close_gates(*, item_ids: Iterable[UUID], because: Gate.Closed, now: datetime) -> set[UUID]:
    """Close open gates; return whose gate this call closed. Of two calls at one moment, one alone closes it.

    As with every verb, the item's stay is locked before (a settling review holds it when it comes here).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_gate SET closed_at = %s, closed_because = %s"
            " WHERE item_id = ANY(%s) AND closed_at IS NULL RETURNING item_id",
            [now, str(because), list(item_ids)],
        )
        return {row[0] for row in cursor.fetchall()}
