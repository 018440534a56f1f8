"""Recording what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from reviewqueue.common.ids import new_id
from reviewqueue.common.parts import Part

from .models import Event

#: An event as its columns.
Row = dict[str, Any]


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
) -> Row:
    """Return an event not yet written; ``data`` holds ids, numbers and enumerated words only."""
    kind, subject_id = subject
    return {
        "id": new_id(),
        "workspace_id": workspace_id,
        "at": at,
        "actor_kind": str(by.kind),
        "actor_id": by.id,
        "verb": verb,
        "subject_kind": kind,
        "subject_id": subject_id,
        "item_id": item_id,
        "data": data or {},
    }


def record(**of: Any) -> None:
    """Write one event in the present transaction; arguments as for :func:`event`."""
    record_all([event(**of)])


_INSERT = """
INSERT INTO audit_event (id, workspace_id, at, actor_kind, actor_id, verb, subject_kind, subject_id, item_id, data)
SELECT * FROM json_to_recordset(%s) AS t (
  id uuid, workspace_id uuid, at timestamptz, actor_kind text, actor_id uuid, verb text, subject_kind text,
  subject_id uuid, item_id uuid, data jsonb)
"""


def record_all(events: Iterable[Row]) -> None:
    """Write many events in one statement, as one JSON text: a thousand cost little more than one."""
    rows = list(events)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [orjson.dumps(rows, default=str).decode()])


_RECORD_NEW = """
INSERT INTO audit_event (id, workspace_id, at, actor_kind, actor_id, verb, subject_kind, subject_id, item_id, data)
SELECT id, %(event_workspace)s::uuid, %(event_at)s::timestamptz, %(event_actor_kind)s, %(event_actor)s::uuid,
       %(event_verb)s, 'item', id, id, '{}'
FROM won
"""


def record_new_items(*, workspace_id: UUID, verb: str, by: Actor, at: datetime) -> Part:
    """Return the part of the receiving statement that records the first event of each item of ``won (id)``.

    An item has one first event, so that bears the item's own id.
    """
    given = {"workspace": workspace_id, "at": at, "actor_kind": str(by.kind), "actor": by.id, "verb": verb}
    return Part(_RECORD_NEW, {f"event_{name}": value for name, value in given.items()})
