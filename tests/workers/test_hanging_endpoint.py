"""An endpoint that accepts and never answers holds up nothing else (I-22): the sweeper publishes and triages on."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Delivery
from reviewqueue.intake.models import ItemState, State
from reviewqueue.review.models import Publication
from tests.cast import Cast, item, make_cast
from tests.programs import program
from tests.steps import edit, queued, settle, submit
from tests.walk.product import until


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The fixed cast, committed, so that the sweeper's process sees it."""
    return make_cast()


def a_minute_ago() -> datetime:
    return clock_now() - timedelta(minutes=1)


@pytest.fixture
def waiting(cast: Cast) -> Iterator[socket.socket]:
    """The connection on which a sweeper's process waits for an answer that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        endpoint.settimeout(20)
        address = f"http://127.0.0.1:{endpoint.getsockname()[1]}/hook"
        add_webhook(workspace_id=cast.workspace.pk, url=address, by=None, actor=SYSTEM, now=a_minute_ago())
        queued(cast, 2, now=a_minute_ago())
        settle(cast, cast.reviewer, edit(), now=a_minute_ago())
        with program("manage.py", "run_due", PRIVATE_WEBHOOKS="true"):
            connection, _address = endpoint.accept()
            with connection:
                yield connection


def test_publishing_and_triage_go_on_while_an_endpoint_hangs(cast: Cast, waiting: socket.socket) -> None:
    outcome = settle(cast, cast.reviewer, edit(), now=a_minute_ago())
    sent = submit(cast, item("meanwhile"), now=a_minute_ago())
    until(lambda: Publication.objects.filter(outcome=outcome).exists())
    until(lambda: ItemState.objects.get(pk=sent[0].id).state == State.QUEUED)
    assert still_waits(waiting), "both came about only after the endpoint was given up"
    assert not Delivery.objects.exclude(last_status=None, last_error="").exists()


def still_waits(connection: socket.socket) -> bool:
    """Whether the other side has sent its request and not hung up."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            continue
    except BlockingIOError:
        return True
    return False
