"""Recording what happened."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
    """Who acts: a person, a program with a key, or the product itself.

    ``through`` is the key of a program that acts as the person; an event names it as ``data["through_key"]``.
    """

    kind: str
    id: UUID | None = None
    through: UUID | None = None

    @property
    def told(self) -> dict[str, str]:
        """What an event's data says of the actor."""
        return {"through_key": str(self.through)} if self.through else {}


SYSTEM = Actor(kind=Event.ActorKind.SYSTEM)

# The key of the request that this thread answers, for verbs that are told of a person alone.
_key: ContextVar[UUID | None] = ContextVar("key", default=None)


@contextmanager
def one_request() -> Iterator[None]:
    """Forget afterwards which key :func:`came_with` was told of."""
    token = _key.set(None)
    try:
        yield
    finally:
        _key.reset(token)


def came_with(key_id: UUID | None) -> None:
    """Name this key in whatever a person does from here to the end of the request: a program acts as them."""
    _key.set(key_id)


def person(user_id: UUID) -> Actor:
    """Return the actor for a person, through the request's key if it came with one."""
    return Actor(kind=Event.ActorKind.PERSON, id=user_id, through=_key.get())


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
        "data": {**(data or {}), **by.told},
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
       %(event_verb)s, 'item', id, id, %(event_data)s::jsonb
FROM won
"""


def record_new_items(*, workspace_id: UUID, verb: str, by: Actor, at: datetime) -> Part:
    """Return the part of the receiving statement that records the first event of each item of ``won (id)``.

    An item has one first event, so that bears the item's own id.
    """
    given = {"workspace": workspace_id, "at": at, "actor_kind": str(by.kind), "actor": by.id, "verb": verb}
    given["data"] = orjson.dumps(by.told).decode()
    return Part(_RECORD_NEW, {f"event_{name}": value for name, value in given.items()})


_RECORD_TURN = """
INSERT INTO audit_event (id, workspace_id, at, actor_kind, actor_id, verb, subject_kind, subject_id, item_id, data)
SELECT %(event_id)s::uuid, %(event_workspace)s::uuid, at, %(event_actor_kind)s, %(event_actor)s::uuid,
       %(event_verb)s, 'assignment', %(event_turn)s::uuid, item_id, %(event_data)s::jsonb
FROM taken
"""


def record_turn(*, workspace_id: UUID, verb: str, turn_id: UUID, by: Actor) -> Part:
    """Return the part of the claiming statement that records the turn at the item of ``taken (item_id, at)``."""
    given = {"id": new_id(), "workspace": workspace_id, "actor_kind": str(by.kind), "actor": by.id}
    given |= {"verb": verb, "turn": turn_id, "data": orjson.dumps(by.told).decode()}
    return Part(_RECORD_TURN, {f"event_{name}": value for name, value in given.items()})
