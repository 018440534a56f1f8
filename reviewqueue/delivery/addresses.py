"""Where a message may go: checked when an address is saved, and again on the address that is really connected to."""

import ipaddress
import socket
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings

from reviewqueue.common.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Under 1024 only the web's own; above it not where databases, caches and the like listen by custom.
_WEB = {80, 443}
_NOT_THE_WEB = frozenset(
    {1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5433, 5671, 5672, 5900, 6000, 6379, 6380, 6432}
    | {6443, 6667, 9042, 9092, 9200, 9300, 10250, 11211, 26379, 27017, 50070}
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
#: Where clouds tell a machine its secrets, beside the link-local ones.
_METADATA = {ipaddress.ip_address(one) for one in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")}


class AddressRefused(Invalid):
    """No message may go to this address."""

    slug = "address-refused"

    #: In words for programs; pages say it in the reader's language.
    REASONS: ClassVar[dict[str, str]] = {
        "shape": "This is not a web address; it begins with https:// or http://.",
        "user": "An address must not hold a name or password; messages are signed instead.",
        "port": "Nothing that speaks HTTP is expected at this port; it is refused.",
        "never": "This leads to an address that is never called: link-local, multicast, reserved or metadata.",
        "ours": "This leads to a server of the product itself.",
        "private": "This leads to a private address; an operator can allow those with PRIVATE_WEBHOOKS.",
    }

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(self.REASONS[why])


def check_shape(url: str) -> tuple[str, int]:
    """Return host and port of a web address. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        usual = 443 if parts.scheme == "https" else 80
        host, port = parts.hostname or "", usual if parts.port is None else parts.port
    except ValueError:
        raise AddressRefused("shape") from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in {"http", "https"} or not host or parts.fragment or not plain:
        raise AddressRefused("shape")
    if "@" in parts.netloc:
        raise AddressRefused("user")
    _check_port(port)
    return host, port


def _check_port(port: int) -> None:
    if (port < 1024 and port not in _WEB) or port in _NOT_THE_WEB:
        raise AddressRefused("port")


def check_before_saving(url: str) -> None:
    """Raise AddressRefused for an address that will not be called; a name that leads nowhere yet may be saved."""
    host, port = check_shape(url)
    try:
        checked_addresses(host, port)
    except OSError:
        return
    except UnicodeError:
        raise AddressRefused("shape") from None


def checked_addresses(host: str, port: int) -> list[str]:
    """Look a host up once and return its addresses. Raises AddressRefused when one of them may not be called.

    Every spelling of an address (decimal, octal, hexadecimal, IPv6-mapped) is resolved before it is judged.
    Raises OSError for a name that leads nowhere.
    """
    found = dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    for address in found:
        check_address(address, port)
    return list(found)


def check_address(address: str, port: int) -> None:
    """Raise AddressRefused when this IP address may not be called."""
    _check_port(port)
    one = _meant(ipaddress.ip_address(address.partition("%")[0]))
    if one.is_link_local or one.is_multicast or one.is_unspecified or one in _METADATA or one in _THIS_NETWORK:
        raise AddressRefused("never")
    if one.is_reserved:
        raise AddressRefused("never")
    if is_public(one):
        return
    if port in _own_ports():
        raise AddressRefused("ours")
    if not settings.PRIVATE_WEBHOOKS:
        raise AddressRefused("private")


def is_public(address: Address) -> bool:
    """Return whether an address is everybody's."""
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not site_local


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64, 6to4 or Teredo."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 0xFFFF):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _own_ports() -> set[int]:
    """Return the ports at which PostgreSQL and Valkey of this product listen."""
    database: Any = settings.DATABASES["default"]
    brokers = [urlsplit(url) for url in (settings.REDIS_URL, settings.CELERY_BROKER_URL)]
    ports = {one.port or 6379 for one in brokers if one.scheme in {"redis", "rediss"}}
    return ports | {int(database.get("PORT") or 5432)}
