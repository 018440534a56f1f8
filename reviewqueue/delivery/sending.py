"""Sending messages at once: rebuilt from ids, signed by Standard Webhooks, to addresses that were checked."""

import asyncio
import ipaddress
import logging
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

import anyio.to_thread
import httpx
from django.conf import settings
from standardwebhooks.webhooks import Webhook as Signer

from .bodies import bodies_of
from .models import Delivery
from .rules import Answer

log = logging.getLogger(__name__)

#: Seconds for the whole exchange, the look-up of the name included: an endpoint that drips bytes has no more.
DEADLINE = 15.0
TIMEOUT = httpx.Timeout(15, connect=5)


class AddressRefused(Exception):
    """The webhook's host leads to an address that must not be called."""


@dataclass(frozen=True, slots=True)
class _Message:
    url: str
    body: bytes
    headers: dict[str, str]


def send(deliveries: Sequence[Delivery], *, now: datetime) -> list[Answer]:
    """Send messages at once and return what each endpoint said, in order; faults are answers too.

    Holds no transaction, and returns within DEADLINE.
    """
    _trust()
    prepared = [_prepared(one, now) for one in deliveries]
    return asyncio.run(_send_all(prepared))


def _prepared(delivery: Delivery, now: datetime) -> _Message | Answer:
    """Return the signed message, or the fault of one that cannot be written: it must not hold up the others."""
    try:
        return _message(delivery, now)
    except Exception as error:
        log.exception("message not written", extra={"delivery": str(delivery.pk)})
        return Answer(error=type(error).__name__)


def _message(delivery: Delivery, now: datetime) -> _Message:
    body = bodies_of([delivery.message])[delivery.message_id].decode()
    message_id = f"msg_{delivery.message_id.hex}"
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(delivery.webhook.secret).sign(message_id, now, body),
        "user-agent": "ReviewQueue/1",
    }
    return _Message(delivery.webhook.url, body.encode(), headers)


async def _send_all(prepared: Sequence[_Message | Answer]) -> list[Answer]:
    return await asyncio.gather(*[_send(one) for one in prepared])


async def _send(message: _Message | Answer) -> Answer:
    if isinstance(message, Answer):
        return message
    try:
        async with asyncio.timeout(DEADLINE):
            return await _post(message)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, AddressRefused) as error:
        return Answer(error=type(error).__name__)


async def _post(message: _Message) -> Answer:
    """POST to the checked address itself, so that a second look-up cannot lead elsewhere."""
    parts = urlsplit(message.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    # a look-up cannot be interrupted: past the deadline its thread is left behind
    address = await anyio.to_thread.run_sync(checked_address, host, port, abandon_on_cancel=True)
    target = httpx.URL(message.url).copy_with(host=address)
    sent = {**message.headers, "host": parts.netloc.rpartition("@")[2]}
    extensions = {"sni_hostname": host}
    async with (
        httpx.AsyncClient(verify=_trust(), timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", target, content=message.body, headers=sent, extensions=extensions) as response,
    ):
        return Answer(status=response.status_code, retry_after=_seconds(response.headers.get("retry-after")))


@cache
def _trust() -> ssl.SSLContext:
    """Read the certificates once: it takes longer than most endpoints do."""
    return httpx.create_ssl_context(trust_env=False)


def checked_address(host: str, port: int) -> str:
    """Return an address of ``host`` that may be called. Raises AddressRefused when one of them may not."""
    found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not settings.PRIVATE_WEBHOOKS and not _is_public(str(address)):
            raise AddressRefused
    return str(found[0])


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in ipaddress.ip_network("64:ff9b::/96"):
            parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        elif parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


def _seconds(header: str | None) -> int | None:
    return int(header) if header and header.isdigit() else None
