"""No message goes where it must not (I-34): judged by the address that is really called, however it is spelt."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from pytest_django import Settings

from reviewqueue.common.ids import new_id
from reviewqueue.delivery import connections
from reviewqueue.delivery.addresses import AddressRefused, check_address, check_shape, checked_addresses
from reviewqueue.delivery.models import Webhook
from reviewqueue.delivery.posting import Post, Poster
from reviewqueue.delivery.rules import Answer
from tests.cast import Cast
from tests.delivery.receiver import canary, receiving
from tests.delivery.telling import hook
from tests.programs import ROOT, environment

#: One machine, in every spelling that a resolver understands.
LOOPBACK = (
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]"),
)
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fec0::1", "::ffff:10.0.0.1")
NEVER = (
    *(
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ),
    *("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1"),
    *("255.255.255.255", "240.0.0.1", "64:ff9b:1::1", "100::1"),
)
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e")


def ask(*urls: str) -> list[Answer]:
    """Post to these addresses, as a sender does."""
    posts = [Post(new_id(), url, b"{}", (("content-type", "application/json"),)) for url in urls]
    said: dict[Any, Answer] = {}
    with Poster() as poster:
        poster.post(posts)
        while len(said) < len(posts):
            said.update(poster.answers(wait=20, most=1))
    return [said[one.key] for one in posts]


def test_in_production_no_spelling_of_this_machine_is_called(settings: Settings) -> None:
    settings.PRIVATE_WEBHOOKS = False
    with canary() as seen:
        answers = ask(*[f"http://{host}:{seen.port}/" for host in LOOPBACK])
        assert seen.calls == 0
        assert {one.error for one in answers} <= {"Refused:private", "Refused:never", "NameNotFound"}


def test_the_canary_sings_when_private_addresses_are_allowed(settings: Settings) -> None:
    """The tooth: nothing but the check kept the messages away."""
    settings.PRIVATE_WEBHOOKS = True
    with canary() as seen:
        answers = ask(*[f"http://{host}:{seen.port}/" for host in LOOPBACK[:8]])
        assert ({one.status for one in answers}, seen.calls) == ({204}, 8)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER, "127.0.0.1", "::1"])
def test_in_production_only_public_addresses_are_called(settings: Settings, address: str) -> None:
    settings.PRIVATE_WEBHOOKS = False
    with pytest.raises(AddressRefused):
        check_address(address, 443)


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(settings: Settings, address: str, allowed: bool) -> None:
    settings.PRIVATE_WEBHOOKS = allowed
    check_address(address, 443)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called(settings: Settings, address: str) -> None:
    settings.PRIVATE_WEBHOOKS = True
    with pytest.raises(AddressRefused) as refused:
        check_address(address, 8080)
    assert refused.value.why == "never"


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_called_where_an_operator_allows_them(settings: Settings, address: str) -> None:
    settings.PRIVATE_WEBHOOKS = True
    check_address(address, 8080)


def valkey(settings: Settings, port: int) -> None:
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{port}/0"


def broker(settings: Settings, port: int) -> None:
    settings.CELERY_BROKER_URL = f"rediss://127.0.0.1:{port}/0"


def postgresql(settings: Settings, port: int) -> None:
    settings.DATABASES["default"]["PORT"] = str(port)


@pytest.mark.parametrize("put", [valkey, broker, postgresql])
def test_the_products_own_servers_are_never_called(settings: Settings, put: Callable[[Settings, int], None]) -> None:
    own = settings.DATABASES["default"].copy()
    with canary() as seen:
        (before,) = ask(f"http://127.0.0.1:{seen.port}/")
        assert (before.status, seen.calls) == (204, 1)
        put(settings, seen.port)
        (answer,) = ask(f"http://127.0.0.1:{seen.port}/")
        settings.DATABASES["default"].update(own)
        assert (answer.error, seen.calls) == ("Refused:ours", 1)


def test_a_redirect_leads_nowhere() -> None:
    with canary() as seen, receiving() as receiver:
        for status in (301, 302, 307, 308):
            receiver.answers = [(status, {"location": f"http://127.0.0.1:{seen.port}/"})]
            (answer,) = ask(receiver.url)
            assert (answer.status, answer.delivered, seen.calls) == (status, False, 0)


Resolver = Callable[[Sequence[str]], list[str]]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Let the name `rebind.test` lead to each of some addresses in turn; returns what was asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def use(answers: Sequence[str]) -> list[str]:
        rest = list(answers)

        def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            if host != "rebind.test":
                return real(host, port, *more, **named)
            asked.append(host)
            spoken = rest.pop(0) if len(rest) > 1 else rest[0]
            return [info for one in spoken.split() for info in real(one, port, *more, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return use


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_that_is_called(resolver: Resolver) -> None:
    with receiving() as receiver, canary(("127.0.0.2", urlsplit(receiver.url).port or 0)) as seen:
        asked = resolver(["127.0.0.1", "127.0.0.2"])
        answers = ask(*[f"http://rebind.test:{seen.port}/"] * 5)
        assert {one.status for one in answers} == {204}
        assert (len(asked), len(receiver.got), seen.calls) == (1, 5, 0)
        assert receiver.got[0][0]["host"] == f"rebind.test:{seen.port}"


def test_a_client_that_looks_the_name_up_again_would_have_been_led_astray(resolver: Resolver) -> None:
    """The tooth: check first, connect by name, and the second answer of the resolver is what is called."""
    with canary(("127.0.0.2", 0)) as seen:
        resolver(["127.0.0.1", "127.0.0.2"])
        assert checked_addresses("rebind.test", seen.port) == ["127.0.0.1"]
        socket.create_connection(("rebind.test", seen.port)).close()
    assert seen.calls == 1


def test_one_forbidden_address_among_several_refuses_the_name(resolver: Resolver) -> None:
    with canary() as seen:
        resolver(["127.0.0.1 169.254.169.254"])
        (answer,) = ask(f"http://rebind.test:{seen.port}/")
        assert (answer.error, seen.calls) == ("Refused:never", 0)


def test_a_name_that_was_well_yesterday_is_judged_anew_today(resolver: Resolver) -> None:
    with canary() as seen:
        resolver(["127.0.0.1", "169.254.169.254"])
        assert [ask(f"http://rebind.test:{seen.port}/")[0].error for _ in range(2)] == ["", "Refused:never"]
        assert seen.calls == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://bot.example/", "shape"),
        ("file:///etc/passwd", "shape"),
        ("gopher://bot.example/", "shape"),
        ("javascript:alert(1)", "shape"),
        ("//bot.example/", "shape"),
        ("http://", "shape"),
        ("http://[::1/", "shape"),
        ("http://bot.example:99999/", "shape"),
        ("http://bot.example/\r\nx: y", "shape"),
        ("http://bot.example\\@evil.example/", "shape"),
        ("http://bot.example/#part", "shape"),
        ("http://bötchen.example/", "shape"),
        ("http://user:pass@bot.example/", "user"),
        ("http://bot.example@evil.example/", "user"),
        ("http://bot.example:22/", "port"),
        ("http://bot.example:25/", "port"),
        ("http://bot.example:5432/", "port"),
        ("http://bot.example:6379/", "port"),
        ("http://bot.example:0/", "port"),
    ],
)
def test_what_is_no_plain_web_address_is_refused_with_the_reason(cast: Cast, url: str, why: str) -> None:
    for attempt in (check_shape, lambda url: hook(cast, url)):
        with pytest.raises(AddressRefused) as refused:
            attempt(url)
        assert refused.value.why == why
    assert not Webhook.objects.exists()


def test_an_address_is_checked_when_it_is_saved(cast: Cast, settings: Settings) -> None:
    settings.PRIVATE_WEBHOOKS = False
    for url in ("http://127.0.0.1:8000/", "http://169.254.169.254/latest/meta-data/", "https://2130706433/"):
        with pytest.raises(AddressRefused):
            hook(cast, url)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(("more", "allowed"), [({}, "False"), ({"PRIVATE_WEBHOOKS": "1"}, "True")])
def test_production_refuses_private_addresses_unless_told(db: None, more: dict[str, str], allowed: str) -> None:
    program = "from reviewqueue import settings; print(settings.PRIVATE_WEBHOOKS)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(**more), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == allowed


@pytest.mark.parametrize(
    ("certified", "trusted", "error"),
    [
        ("localhost", True, ""),
        ("bot.example", True, "CertificateRefused"),
        ("localhost", False, "CertificateRefused"),
    ],
)
def test_a_certificate_must_be_the_hosts_own_and_trusted(
    monkeypatch: pytest.MonkeyPatch, certified: str, trusted: bool, error: str
) -> None:
    authority, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(server)
    ours = ssl.create_default_context()
    if trusted:
        authority.configure_trust(ours)
    monkeypatch.setattr(connections, "trust", lambda: ours)
    with receiving(tls=server, name="localhost") as receiver:
        (answer,) = ask(receiver.url)
        assert (answer.error, answer.delivered, len(receiver.got)) == (error, not error, int(not error))
