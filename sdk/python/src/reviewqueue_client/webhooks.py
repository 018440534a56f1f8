"""Webhooks by the Standard Webhooks specification: who sent it, unchanged, and not long ago."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from .errors import BadSignature, NotConfigured
from .shapes import Document, Outcome


@dataclass(frozen=True, slots=True)
class Event:
    """A message. The same ``id`` may arrive twice; ``sequence`` orders messages about one item."""

    id: str
    type: str
    timestamp: datetime
    data: Document = field(repr=False)
    sequence: int | None = None

    @property
    def outcome(self) -> Outcome | None:
        """Return the outcome that it tells, for ``outcome.settled`` and ``outcome.superseded``."""
        return Outcome.read(self.data) if self.type.startswith("outcome.") else None


def verify(body: bytes | str, headers: Mapping[str, str], secret: str | Iterable[str]) -> Event:
    """Return the event of a webhook, or raise BadSignature.

    ``body`` is what arrived, byte for byte. ``secret`` is the ``whsec_…`` shown when the webhook was made, or several
    of them while they change: any may fit. Signatures are compared in constant time, and a message whose timestamp
    is more than five minutes away from this machine's clock is refused. Raises NotConfigured for what is no secret.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets:
        raise NotConfigured("Give the webhook's secret.")
    failure: Exception | None = None
    for one in secrets:
        verifier = _verifier(one)
        try:
            document = verifier.verify(body, dict(headers))
        except (WebhookVerificationError, ValueError) as error:  # a header or body that cannot even be read
            failure = error
        else:
            return _event(document, headers)
    raise BadSignature(f"This webhook is not to be trusted: {failure}") from failure


def _verifier(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (EmptyWebhookSecretError, ValueError) as error:
        raise NotConfigured("A webhook's secret looks like whsec_…") from error


def _event(document: Any, headers: Mapping[str, str]) -> Event:
    ids = [value for name, value in headers.items() if name.lower() == "webhook-id"]
    try:
        data, at = document["data"], datetime.fromisoformat(document["timestamp"])
        return Event(ids[0], document["type"], at, data, data.get("sequence"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadSignature("This is signed, and is not an event.") from error


class Webhooks:
    """What a client offers of this module: ``rq.webhooks.verify``."""

    verify = staticmethod(verify)
