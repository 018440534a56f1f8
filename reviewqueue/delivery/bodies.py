"""What a message says: rebuilt from ids each time it is sent, a function for each sort of event."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from reviewqueue.review.models import FollowUp, Publication
from reviewqueue.review.queries import published_body, shown

from .models import Message
from .rules import SETTLED, SUPERSEDED

#: What an event's messages say, by message id; one that cannot be written may be missing.
Said = Mapping[UUID, dict[str, Any]]


def bodies_of(messages: Sequence[Message]) -> dict[UUID, bytes]:
    """Return the body of each message by its id, ``{"type", "timestamp", "data"}`` as JSON.

    ``item__source`` of the messages should be loaded. A message whose subject is no longer there is missing.
    """
    bodies: dict[UUID, bytes] = {}
    for event_type in {one.event_type for one in messages}:
        some = [one for one in messages if one.event_type == event_type]
        said = BODIES.get(event_type, as_announced)(some)
        bodies.update({one.pk: _body(one, said[one.pk]) for one in some if one.pk in said})
    return bodies


def _body(message: Message, said: dict[str, Any]) -> bytes:
    data = {**_about(message), **said, "sequence": message.sequence}
    return orjson.dumps({"type": message.event_type, "timestamp": shown(message.created_at), "data": data})


def _about(message: Message) -> dict[str, Any]:
    """Return by what the AI system knows the item."""
    if message.item is None:
        return {}
    item = message.item
    return {"item": str(item.pk), "external_id": item.external_id, "source": item.source.slug, "kind": item.kind}


def as_announced(messages: Sequence[Message]) -> Said:
    """Return what was announced: ids, numbers and enumerated words say it all."""
    return {one.pk: one.data for one in messages}


def outcomes(messages: Sequence[Message]) -> Said:
    """Return the published outcome, as the API gives it."""
    publications = Publication.objects.select_related("outcome__content").in_bulk(
        [one.subject_id for one in messages]
    )
    return {
        one.pk: published_body(publications[one.subject_id]) for one in messages if one.subject_id in publications
    }


def follow_ups(messages: Sequence[Message]) -> Said:
    """Return a follow-up with the outcome that opened it."""
    rows = FollowUp.objects.select_related("outcome__content", "outcome__publication")
    found = rows.in_bulk([one.subject_id for one in messages])
    return {one.pk: _follow_up(found[one.subject_id]) for one in messages if one.subject_id in found}


def _follow_up(one: FollowUp) -> dict[str, Any]:
    told = {"follow_up": str(one.pk), "opened_at": shown(one.opened_at), "due_at": shown(one.due_at)}
    return {**told, "outcome": published_body(one.outcome.publication)}


#: What is said of an event; those that are not here say what was announced.
BODIES: dict[str, Callable[[Sequence[Message]], Said]] = {
    SETTLED: outcomes,
    SUPERSEDED: outcomes,
    "follow_up.opened": follow_ups,
}
