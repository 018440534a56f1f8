"""What the client does when the server is lost, slow or busy: the same request again, and nothing twice."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from reviewqueue_client import (
    Conflict,
    Invalid,
    NotAllowed,
    NotThere,
    RateLimited,
    Refused,
    Retry,
    StillWaiting,
    Unavailable,
)
from reviewqueue_client.flow import retry_after

from tests.cast import item
from tests.sdk.both import QUICK, blocking
from tests.sdk.misbehaving import DROP, Act, Asked, busy, misbehaving

STORED = Act(201, {"id": "one", "state": "received"})
Connect = Callable[..., Any]


def same(asked: list[Asked]) -> bool:
    """Whether every attempt was the same request, to the byte."""
    return len({(one.line, one.body, one.headers.get("idempotency-key")) for one in asked}) == 1


def test_a_request_is_sent_again_until_it_is_answered(connect: Connect) -> None:
    faults = [DROP, Act(201, STORED.document, broken=True), busy(502), busy(503), busy(504), busy(429)]
    with misbehaving(*faults, STORED) as site:
        stored = connect(site.url).submit(**item())
    assert (stored.id, stored.state, len(site.asked)) == ("one", "received", 7)
    assert same(site.asked)


def test_an_item_without_a_name_keeps_the_one_it_was_given(connect: Connect) -> None:
    with misbehaving(DROP, STORED) as site:
        nameless = {name: value for name, value in item().items() if name != "external_id"}
        stored = connect(site.url).submit(**nameless)
    assert same(site.asked)
    assert [one.document["external_id"] for one in site.asked] == [stored.external_id] * 2


def test_what_is_said_about_an_item_carries_one_idempotency_key(connect: Connect) -> None:
    with misbehaving(DROP, busy(), Act(201, {"id": "signal"})) as site:
        told = connect(site.url).signal("one", "thumbs_down", note="wrong day")
    assert (told, len(site.asked), same(site.asked)) == ({"id": "signal"}, 3, True)
    assert len(site.asked[0].headers["idempotency-key"]) == 32
    assert site.asked[0].document == {"kind": "thumbs_down", "note": "wrong day"}


def test_a_repetition_that_overtakes_its_first_attempt_waits_for_it(connect: Connect) -> None:
    running = Act(409, {"type": "https://reviewqueue.dev/problems/still-running", "detail": "Still running."})
    with misbehaving(DROP, running, Act(200, {"id": "one", "state": "withdrawn"})) as site:
        assert connect(site.url).withdraw("one")["state"] == "withdrawn"
    with misbehaving(running) as site, pytest.raises(Conflict):
        connect(site.url).withdraw("one")
    assert len(site.asked) == 1


REFUSALS = {
    400: Invalid,
    401: NotAllowed,
    403: NotAllowed,
    404: NotThere,
    409: Conflict,
    410: Refused,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def test_a_refusal_is_never_sent_again(connect: Connect) -> None:
    problem = {"type": "https://x/problems/bad", "title": "Bad.", "detail": "Wrong."}
    problem["errors"] = [{"pointer": "#/confidence", "detail": "Too much."}]  # type: ignore[assignment]
    with misbehaving(*[Act(status, problem) for status in REFUSALS], STORED) as site:
        rq = connect(site.url)
        for number, (status, error) in enumerate(REFUSALS.items(), start=1):
            with pytest.raises(error) as refused:
                rq.submit(**item())
            assert (len(site.asked), type(refused.value)) == (number, error)
            assert (refused.value.status, refused.value.problem.slug) == (status, "bad")
            assert [(one.pointer, one.detail) for one in refused.value.places] == [("#/confidence", "Too much.")]


@blocking
def test_the_pause_that_is_asked_for_is_kept(connect: Connect) -> None:
    with misbehaving(busy(503, retry_after="1"), STORED) as site:
        connect(site.url).submit(**item())
    assert site.asked[1].at - site.asked[0].at >= 1


def test_a_pause_longer_than_there_is_time_is_told_at_once(connect: Connect) -> None:
    begun = time.monotonic()
    with misbehaving(busy(429, retry_after="60")) as site, pytest.raises(RateLimited) as limited:
        connect(site.url).submit(**item())
    assert (limited.value.retry_after, limited.value.status, len(site.asked)) == (60, 429, 1)
    assert time.monotonic() - begun < 2


def test_a_pause_may_be_asked_for_by_date() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 < (retry_after(header) or 0) <= 30
    assert (retry_after("soon"), retry_after(None), retry_after(" 7 ")) == (None, None, 7)


def test_the_time_for_all_attempts_ends(connect: Connect) -> None:
    hasty = Retry(total=0.5, attempt=0.2, first_pause=0.01, longest_pause=0.05)
    begun = time.monotonic()
    with misbehaving(Act(201, {}, slow=5)) as site, pytest.raises(Unavailable) as lost:
        connect(site.url, retry=hasty).submit(**item())
    assert time.monotonic() - begun < 1.5
    assert (lost.value.status, len(site.asked) >= 2) == (None, True)


def test_a_fault_of_the_servers_is_not_repeated(connect: Connect) -> None:
    with misbehaving(busy(500)) as site, pytest.raises(Unavailable) as fault:
        connect(site.url).submit(**item())
    assert (fault.value.status, len(site.asked)) == (500, 1)


def test_something_else_that_answers_in_the_servers_place_is_no_answer(connect: Connect) -> None:
    with misbehaving(Act(200, None, {"content-length": "1"})) as site, pytest.raises(Unavailable):
        connect(site.url).submit(**item())  # "n": a page that is not JSON
    moved = Act(302, {}, {"location": "http://127.0.0.1:9/elsewhere"})
    with misbehaving(moved) as site, pytest.raises(Unavailable, match="302"):
        connect(site.url).submit(**item())
    assert len(site.asked) == 1


def test_a_waiting_client_outlives_a_server_that_restarts(connect: Connect) -> None:
    held = Act(202, {"state": "queued", "queue": "support", "position": 2, "expected_wait_seconds": 40})
    settled = Act(
        200,
        {
            "item": "one",
            "version": 1,
            "decision": "edit",
            "basis": "review",
            "disposition": "final",
            "final": {"content": "On Monday."},
        },
    )
    with misbehaving(held, DROP, busy(), DROP, settled) as site:
        outcome = connect(site.url).wait("one", timeout=10)
    assert (outcome.content, outcome.decision, outcome.local) == ("On Monday.", "edit", False)
    assert [one.line.split("wait=")[1].split()[0] for one in site.asked] == ["0", "9", "9", "9", "9"]


def test_who_waited_long_enough_hears_where_the_item_stands(connect: Connect) -> None:
    held = Act(202, {"state": "queued", "queue": "support", "position": 2, "expected_wait_seconds": 40})
    with misbehaving(held) as site, pytest.raises(StillWaiting) as waiting:
        connect(site.url).wait("one", timeout=0.2)
    assert waiting.value.standing is not None
    assert (waiting.value.standing.position, waiting.value.standing.queue) == (2, "support")
    with misbehaving(DROP) as site, pytest.raises(TimeoutError) as lost:
        connect(site.url, retry=QUICK).wait("one", timeout=0.2)
    assert isinstance(lost.value.__cause__, Unavailable)
