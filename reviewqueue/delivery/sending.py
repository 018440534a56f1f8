"""Sending one message: rebuilt from ids, signed by Standard Webhooks, to an address that was checked."""

import ipaddress
import socket
from datetime import datetime
from urllib.parse import urlsplit

import httpx
import orjson
from django.conf import settings
from standardwebhooks.webhooks import Webhook as Signer

from reviewqueue.review.queries import published_body, shown

from .models import Delivery
from .rules import Answer

TIMEOUT = httpx.Timeout(15, connect=5)


class AddressRefused(Exception):
    """The webhook's host leads to an address that must not be called."""


def send(delivery: Delivery, *, now: datetime) -> Answer:
    """Send one message and return what the endpoint said; network faults are answers too. Holds no transaction."""
    body = body_of(delivery)
    message_id = f"msg_{delivery.pk.hex}"
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(delivery.webhook.secret).sign(message_id, now, body),
        "user-agent": "ReviewQueue/1",
    }
    try:
        return _post(delivery.webhook.url, body.encode(), headers)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, AddressRefused) as error:
        return Answer(error=type(error).__name__)


def body_of(delivery: Delivery) -> str:
    """Return a message's body."""
    data = {**published_body(delivery.publication), "sequence": delivery.publication.position}
    moment = shown(delivery.publication.published_at)
    return orjson.dumps({"type": delivery.event_type, "timestamp": moment, "data": data}).decode()


def _post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """POST to the checked address itself, so that a second look-up cannot lead elsewhere."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = checked_address(host, port)
    target = httpx.URL(url).copy_with(host=address)
    with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        sent = {**headers, "host": parts.netloc.rpartition("@")[2]}
        extensions = {"sni_hostname": host}
        with client.stream("POST", target, content=body, headers=sent, extensions=extensions) as response:
            return Answer(status=response.status_code, retry_after=_seconds(response.headers.get("retry-after")))


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
