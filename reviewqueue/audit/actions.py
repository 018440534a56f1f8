"""Recording what happened."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from .models import Event


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a program with a key (perhaps as a person), or the product itself."""

    kind: str
    id: UUID | None = None


SYSTEM = Actor(kind=Event.ActorKind.SYSTEM)


def person(user_id: UUID) -> Actor:
    """Return the actor for a person."""
    return Actor(kind=Event.ActorKind.PERSON, id=user_id)


def key(key_id: UUID) -> Actor:
    """Return the actor for a program that came with an API key."""
    return Actor(kind=Event.ActorKind.KEY, id=key_id)


def event(
    *,
    workspace_id: UUID,
    verb: str,
    subject: tuple[str, UUID],
    by: Actor,
    at: datetime,
    item_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Return an unsaved event; ``data`` holds ids, numbers and enumerated words only."""
    kind, subject_id = subject
    return Event(
        workspace_id=workspace_id,
        at=at,
        actor_kind=by.kind,
        actor_id=by.id,
        verb=verb,
        subject_kind=kind,
        subject_id=subject_id,
        item_id=item_id,
        data=data or {},
    )


def record(**of: Any) -> Event:
    """Write one event in the present transaction; arguments as for :func:`event`."""
    row = event(**of)
    record_all([row])
    return row


_INSERT = """
INSERT INTO audit_event (id, workspace_id, at, actor_kind, actor_id, verb, subject_kind, subject_id, item_id, data)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::uuid[], %s::text[], %s::text[],
                     %s::uuid[], %s::uuid[], %s::jsonb[])
"""
_TOLD = ["id", "workspace_id", "at", "actor_kind", "actor_id", "verb", "subject_kind", "subject_id", "item_id"]


def record_all(events: Iterable[Event]) -> None:
    """Write many events in one statement: of fixed length, so that a thousand cost little more than one."""
    rows = list(events)
    if rows:
        columns: list[list[Any]] = [[getattr(row, name) for row in rows] for name in _TOLD]
        columns.append([json.dumps(row.data, cls=DjangoJSONEncoder) for row in rows])
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, columns)
