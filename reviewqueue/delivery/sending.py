"""Sending what is due: taken in sets, rebuilt from ids, signed by Standard Webhooks, answers written in sets."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook as Signer

from reviewqueue.audit.actions import Actor

from .actions import ROOM, end_test, open_test, take_due, write_answers
from .bodies import bodies_of
from .models import Delivery, Message, Webhook
from .posting import DEADLINE, Post, Poster
from .rules import NOT_WRITTEN, Answer, Window

log = logging.getLogger(__name__)

#: Seconds after which new work is looked for while nothing is answered.
_LOOK_AGAIN = 0.1

Answered = list[tuple[Delivery, Answer]]


def send_due(*, clock: Callable[[], datetime], seconds: float) -> int:
    """Send what is due until nothing is, for so many seconds at most; return how many messages were tried.

    While the last endpoints are waited for, at most DEADLINE longer, those that answered in this run get more.
    """
    ends, tried = time.monotonic() + seconds, 0
    with Poster() as poster:
        sender = _Sender(poster)
        while True:
            over = time.monotonic() - ends
            if over < 0:
                tried += sender.take(clock())
            elif over < DEADLINE and sender.waits_for_strangers:
                tried += sender.take(clock(), only=list(sender.answered))
            if not sender.on_their_way:
                return tried
            write_answers(answered=sender.gathered(), now=clock())


class _Sender:
    """What one run has on its way, and how many messages each endpoint may have at once."""

    def __init__(self, poster: Poster) -> None:
        self.poster = poster
        self.on_their_way: dict[UUID, Delivery] = {}
        self.unwritten: Answered = []
        self.windows: defaultdict[UUID, Window] = defaultdict(Window)
        self.answered: set[UUID] = set()

    @property
    def waits_for_strangers(self) -> bool:
        """Whether some message is on its way to an endpoint that has not answered in this run."""
        return any(one.webhook_id not in self.answered for one in self.on_their_way.values())

    def take(self, now: datetime, *, only: Sequence[UUID] | None = None) -> int:
        """Take due messages and begin to send them; return how many."""
        room = ROOM - len(self.on_their_way)
        if room <= 0:
            return 0
        sizes = {key: one.size for key, one in self.windows.items()}
        due = take_due(now=now, room=room, windows=sizes, only=only)
        posts, faults = prepared(due, now=now)
        self.unwritten += faults
        self.on_their_way.update((one.pk, one) for one in due)
        self.poster.post(posts)
        return len(due)

    def gathered(self) -> Answered:
        """Return what was said since the last time, and learn from it."""
        most = len(self.on_their_way)
        said = self.unwritten or [
            (self.on_their_way[key], answer) for key, answer in self.poster.answers(wait=_LOOK_AGAIN, most=most)
        ]
        self.unwritten = []
        for delivery, answer in said:
            del self.on_their_way[delivery.pk]
            self.windows[delivery.webhook_id].learn(answer)
            if answer.delivered:
                self.answered.add(delivery.webhook_id)
        return said


def send_test(*, webhook: Webhook, actor: Actor, clock: Callable[[], datetime]) -> Answer:
    """Send a signed message just to see, at once, and return what the endpoint said. Raises Disabled or Conflict.

    It goes out even while the webhook is paused or its circuit open, and is never tried again by itself.
    """
    delivery = open_test(webhook=webhook, actor=actor, now=clock())
    (answer,) = send([delivery], now=clock())
    end_test(delivery=delivery, answer=answer, now=clock())
    return answer


def send(deliveries: Sequence[Delivery], *, now: datetime) -> list[Answer]:
    """Send these at once and return what each endpoint said, in order; faults are answers too.

    Holds no transaction, and returns within DEADLINE.
    """
    posts, faults = prepared(deliveries, now=now)
    said = {delivery.pk: answer for delivery, answer in faults}
    with Poster() as poster:
        poster.post(posts)
        while len(said) < len(deliveries):
            said.update(poster.answers(wait=DEADLINE, most=len(deliveries) - len(said)))
    return [said[one.pk] for one in deliveries]


def prepared(deliveries: Sequence[Delivery], *, now: datetime) -> tuple[list[Post], Answered]:
    """Return the signed messages, and the faults of those that cannot be written: they hold up no others."""
    posts: list[Post] = []
    faults: Answered = []
    bodies = _bodies(deliveries)
    for one in deliveries:
        try:
            posts.append(_post(one, bodies[one.message_id], now))
        except Exception:
            log.exception("message not written", extra={"delivery": str(one.pk)})
            faults.append((one, Answer(error=NOT_WRITTEN)))
    return posts, faults


def _bodies(deliveries: Sequence[Delivery]) -> Mapping[UUID, bytes]:
    """Return the bodies; when one of them breaks the set, each is written alone."""
    messages = [one.message for one in deliveries]
    try:
        return bodies_of(messages)
    except Exception:
        log.exception("messages not written together")
    bodies: dict[UUID, bytes] = {}
    for one in messages:
        try:
            bodies.update(bodies_of([one]))
        except Exception:
            log.exception("message not written", extra={"message": str(one.pk)})
    return bodies


def _post(delivery: Delivery, body: bytes, now: datetime) -> Post:
    headers = headers_of(delivery.webhook, delivery.message, body, now=now)
    return Post(key=delivery.pk, url=delivery.webhook.url, body=body, headers=tuple(headers.items()))


def headers_of(webhook: Webhook, message: Message, body: bytes, *, now: datetime) -> dict[str, str]:
    """Return the headers of a try at ``now``: the id stays, time and signatures are the try's.

    While a secret is being replaced the message carries two signatures, the new one first.
    """
    name, said = message.name, body.decode()
    secrets = [webhook.secret]
    if webhook.old_secret and webhook.old_secret_ends_at and now < webhook.old_secret_ends_at:
        secrets.append(webhook.old_secret)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(name, now, said) for secret in secrets),
        "user-agent": "ReviewQueue/1",
    }
