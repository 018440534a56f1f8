"""Prometheus reads how much waits where, and whether due work is done; others read nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from reviewqueue.accounts.actions import create_key
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.metrics.queries.operating import GAUGES, Gauge
from reviewqueue.web.telemetry import written
from tests.cast import NOW, Cast, item
from tests.delivery.telling import hook, tell
from tests.steps import claim, held_item, hold, on_duty, queued, submit

TOKEN = "a-token-of-twenty-and-more"


def read(**headers: str) -> str:
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return answer.content.decode()


def value(text: str, name: str, **labels: str) -> float:
    """Return one number out of the text."""
    named = ",".join(f'{label}="{said}"' for label, said in labels.items())
    (line,) = [one for one in text.splitlines() if one.startswith(f"{name}{{{named}}} ")]
    return float(line.rpartition(" ")[2])


def test_what_waits_is_counted_where_it_waits(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    begun = now()
    hook(cast, "https://hooks.example/in")
    received = queued(cast, 5, now=begun - timedelta(minutes=10))
    tell(cast, [one.id for one in received[:2]], now=begun)
    assert claim(cast, cast.reviewer, now=begun) is not None
    submit(cast, item("fresh"), now=begun - timedelta(minutes=5))
    on_duty(cast.reviewer2, now=begun)
    hold(cast, held_item(), now=begun)
    with django_assert_num_queries(len(GAUGES)):
        text = read()
    states = {one: value(text, "reviewqueue_items", workspace="acme", state=one) for one in ("received", "in_review")}
    assert states == {"received": 1, "in_review": 1}
    assert value(text, "reviewqueue_slots_ready", workspace="acme", queue="support") == 4 + 1  # the held one
    assert value(text, "reviewqueue_slots_ready", workspace="acme", queue="careful") == 0
    assert value(text, "reviewqueue_oldest_seconds", workspace="acme", queue="support") >= 600
    assert value(text, "reviewqueue_gates_open", workspace="acme") == 1
    assert value(text, "reviewqueue_gates_open", workspace="elsewhere") == 0
    assert value(text, "reviewqueue_deliveries_waiting", workspace="acme") == 2
    assert value(text, "reviewqueue_overdue_seconds", work="triage") == pytest.approx(300, abs=30)
    assert value(text, "reviewqueue_overdue_seconds", work="gates") == 0


def test_a_key_sees_its_own_workspace_alone(cast: Cast) -> None:
    queued(cast, 2, now=now())
    text = read(authorization=f"Bearer {cast.stranger_key}")  # has metrics:read
    assert value(text, "reviewqueue_slots_ready", workspace="elsewhere", queue="support") == 0
    assert "acme" not in text


def test_everybody_else_is_refused(cast: Cast, settings: Settings) -> None:
    _row, no_scope = create_key(workspace=cast.workspace, name="no", scopes=["items:read"], by=SYSTEM, now=NOW)
    _row, reviewers = create_key(
        workspace=cast.workspace, name="r", scopes=["metrics:read"], by=SYSTEM, now=NOW, user=cast.reviewer.user
    )
    _row, of_source = create_key(
        workspace=cast.workspace, name="s", scopes=["metrics:read"], by=SYSTEM, now=NOW, source_slug="support-chatbot"
    )
    refused = [{"authorization": f"Bearer {one}"} for one in ("unknown", no_scope, reviewers, of_source, "é")]
    # a proxy on this machine speaks for somebody elsewhere
    refused += [{"x-forwarded-for": "192.0.2.7"}, {"forwarded": "for=192.0.2.7"}, {"x-real-ip": "192.0.2.7"}]
    assert {Client().get("/metrics", headers=one).status_code for one in refused} == {401}
    assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code == 401
    assert Client().post("/metrics").status_code == 405
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert Client().get("/metrics").status_code == 401


def test_with_a_token_this_machine_needs_it_too(cast: Cast, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert Client().get("/metrics").status_code == 401
    text = (
        Client(REMOTE_ADDR="192.0.2.7").get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
    )
    assert 'workspace="acme"' in text
    assert 'workspace="elsewhere"' in text


def test_a_name_cannot_break_out_of_its_label() -> None:
    assert written([Gauge("n", "About.", ("queue",), [(('a"b\\c\nd',), 1.5)])]).splitlines() == [
        "# HELP n About.",
        "# TYPE n gauge",
        'n{queue="a\\"b\\\\c\\nd"} 1.5',
    ]
