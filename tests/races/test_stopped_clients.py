"""Clients that were stopped past their lease and go on (I-8): real processes over HTTP, stopped by the system."""

import json
import signal
import subprocess
from contextlib import ExitStack
from typing import Any

from pytest_django.live_server_helper import LiveServer

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.models import Draft
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.review.models import Outcome, Review
from tests.cast import NOW, Cast
from tests.programs import program
from tests.races.test_stale_holders import outcomes_too_many, reviews_too_many, run_out, take_over
from tests.steps import queued

CLIENTS = 4
#: How a draft and a review are answered when the turn is over.
REFUSED = (409, 409)


class Client:
    """A running sleeper."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self.process, self.text = process, f"What {name} had typed."
        self.item = self.hear()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def tell(self) -> None:
        """Let it submit; one that is stopped reads this when it goes on."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(self.text) + "\n")
        self.process.stdin.flush()

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def key_of(cast: Cast, member: Membership) -> str:
    scopes = ["reviews:write", "items:read"]
    _row, key = create_key(workspace=cast.workspace, name="tool", scopes=scopes, user=member.user, by=SYSTEM, now=NOW)
    return key


def clients(cast: Cast, url: str, running: ExitStack) -> list[Client]:
    """Start the clients, all of one reviewer, as in as many tabs; each has claimed an item."""
    key = key_of(cast, cast.reviewer)
    started = [
        running.enter_context(program("-m", "tests.races.sleeper", url, API_KEY=key)) for _number in range(CLIENTS)
    ]
    return [Client(one, f"tab {number}") for number, one in enumerate(started)]


def answers_of(asleep: list[Client]) -> list[tuple[int, int]]:
    """Let them all submit and go on at once; return how drafts and reviews were answered."""
    for one in asleep:
        one.tell()
    for one in asleep:
        one.go_on()
    return [tuple(one.hear()[:2]) for one in asleep]


def test_clients_stopped_past_their_lease_change_nothing(cast: Cast, live_server: LiveServer) -> None:
    queued(cast, CLIENTS)
    with ExitStack() as running:
        asleep = clients(cast, live_server.url, running)
        for one in asleep:
            one.stop()
        run_out()
        for _item in asleep:
            assert take_over(cast, cast.reviewer2)
        assert answers_of(asleep) == [REFUSED] * CLIENTS
    assert (Outcome.objects.count(), Review.objects.count()) == (CLIENTS, CLIENTS)
    assert {draft.body["content"] for draft in Draft.objects.all()} == {one.text for one in asleep}


def test_clients_stopped_within_their_lease_settle_their_own_items(cast: Cast, live_server: LiveServer) -> None:
    """The control: the same stop, with nobody taking over, is accepted; the refusals above are the lease's."""
    queued(cast, CLIENTS)
    with ExitStack() as running:
        asleep = clients(cast, live_server.url, running)
        for one in asleep:
            one.stop()
        assert answers_of(asleep) == [(200, 201)] * CLIENTS
    assert len({one.item for one in asleep}) == CLIENTS, "two tabs got the same item"
    assert (reviews_too_many(), outcomes_too_many(), Outcome.objects.count()) == (0, 0, CLIENTS)
