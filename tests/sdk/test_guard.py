"""Guarded functions: every answer is submitted, the lead's rules decide which wait, and nothing slips through."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from reviewqueue_client import Answer, Gate, Invalid, NotAllowed, ReviewQueue, Withheld, calls
from reviewqueue_client import Item as Held
from reviewqueue_client.spool import Spool

from reviewqueue.common import clock
from reviewqueue.intake.models import Item
from reviewqueue.intake.queries import body_of
from reviewqueue.review.rules import Judgement
from tests.api.serving import Site
from tests.cast import Cast, item
from tests.sdk.both import QUICK, blocking, on_a_loop
from tests.sdk.misbehaving import DROP, Act, busy, misbehaving
from tests.steps import edit, on_duty, settle
from tests.walk.product import until

Connect = Callable[..., Any]
LATER = "A colleague will answer shortly."


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Threads for customers who wait."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def guarding(style: str, rq: Any) -> Callable[..., Any]:
    """Guard a function that says one thing, on the real server."""
    return lambda said, **rule: guard(rq, style, said, **rule)


def guard(rq: Any, style: str, said: Any, **rule: Any) -> Any:
    """Guard a function that says one thing, async for the async client."""
    rule.setdefault("source", "support-chatbot")

    def answer(question: str) -> Any:
        return said

    async def answer_async(question: str) -> Any:
        return said

    return rq.guard(**rule)(answer if style == "sync" else answer_async)


def asked(guarded: Any, aside: ThreadPoolExecutor, question: str = "Where is my parcel?") -> "Future[Any]":
    """Ask, beside this test, and return when the answer is held."""
    waiting = aside.submit(guarded.ask, question)
    until(lambda: Item.objects.filter(now_at__state="queued").exists() or waiting.done(), seconds=10)
    return waiting


def test_what_the_rules_pass_is_said_at_once(guarding: Callable[..., Any]) -> None:
    assert guarding(("On Friday.", 0.95))("Where is my parcel?") == "On Friday."
    stored = Item.objects.get()
    assert (stored.confidence, stored.kind, stored.source.slug) == (0.95, "chat", "support-chatbot")
    body = body_of(stored)
    assert body["input"] == {"messages": [{"role": "user", "content": "Where is my parcel?"}]}
    assert body["gate"] == {"deadline_seconds": 120, "on_timeout": "withhold"}


@pytest.mark.parametrize(
    ("judgement", "final", "how", "fallback"),
    [
        (edit("On Monday."), "On Monday.", "edited", False),
        (Judgement(decision="approve"), "On Friday.", "approved", False),
        (Judgement(decision="reject", severity="major"), LATER, "rejected", True),
    ],
)
@blocking
def test_what_is_held_comes_back_as_a_person_decided(
    guarding: Callable[..., Any],
    cast: Cast,
    aside: ThreadPoolExecutor,
    judgement: Judgement,
    final: str,
    how: str,
    fallback: bool,
) -> None:
    on_duty(cast.reviewer, now=clock.now())
    waiting = asked(guarding(("On Friday.", 0.2), fallback=LATER), aside)
    settle(cast, cast.reviewer, judgement, now=clock.now())
    told = waiting.result(timeout=20)
    assert (told.final, told.how, told.fallback) == ({"content": final}, how, fallback)
    assert told.item.triage.result == "review"
    assert "0.20" in told.item.triage.why[0]


@on_a_loop
def test_a_rejection_without_fallback_is_withheld(
    guarding: Callable[..., Any], cast: Cast, aside: ThreadPoolExecutor
) -> None:
    on_duty(cast.reviewer, now=clock.now())
    guarded = guarding(("On Friday.", 0.2))
    waiting = aside.submit(guarded, "Where is my parcel?")
    until(lambda: Item.objects.filter(now_at__state="queued").exists(), seconds=10)
    settle(cast, cast.reviewer, Judgement(decision="reject", severity="major"), now=clock.now())
    with pytest.raises(Withheld) as withheld:
        waiting.result(timeout=20)
    assert withheld.value.outcome is not None
    assert withheld.value.outcome.decision == "reject"


@blocking
def test_where_nobody_is_there_the_fallback_comes_at_once(guarding: Callable[..., Any]) -> None:
    begun = time.monotonic()
    told = guarding(("On Friday.", 0.2), fallback=LATER).ask("Where is my parcel?")
    assert (told.final, told.how, told.fallback) == ({"content": LATER}, "timed_out", True)
    assert time.monotonic() - begun < 5


@blocking
def test_a_mistake_of_the_programs_is_raised_and_nothing_is_said(guarding: Callable[..., Any]) -> None:
    with pytest.raises(Invalid):
        guarding(("On Friday.", 0.95), source="unheard-of", offline=0.1)("Where is my parcel?")
    with pytest.raises(Invalid):
        guarding(("On Friday.", 95))("Where is my parcel?")
    with pytest.raises(TypeError, match="returns a text"):
        guarding(42)("Where is my parcel?")
    assert Item.objects.count() == 0


@blocking
def test_a_richer_answer_brings_what_the_reviewer_needs(guarding: Callable[..., Any]) -> None:
    page = {"id": "kb-1", "title": "Delivery", "text": "Parcels arrive within three days."}
    risky = {"risk": "low", "risk_tags": ["delivery-promise"]}
    said = Answer("On Friday.", 0.95, documents=[page], external_id="turn-4", fields={"group": "conv-8"}, **risky)
    guarding(said, model={"name": "bot", "version": "2"})([{"role": "user", "content": "Where is my parcel?"}])
    body = body_of(Item.objects.get())
    assert (body["external_id"], body["group"], body["model"]) == (
        "turn-4",
        "conv-8",
        {"name": "bot", "version": "2"},
    )
    assert body["input"] == {"messages": [{"role": "user", "content": "Where is my parcel?"}], "documents": [page]}
    assert body["risk"] == {"level": "low", "tags": ["delivery-promise"]}


@blocking
def test_what_is_asked_may_be_told_by_a_function_of_ones_own(rq: Any, style: str) -> None:
    given = {
        "input": lambda customer, question: {"messages": [{"role": "user", "content": f"{customer}: {question}"}]}
    }

    def answer(customer: int, question: str) -> tuple[str, float]:
        return "On Friday.", 0.95

    async def answer_async(customer: int, question: str) -> tuple[str, float]:
        return "On Friday.", 0.95

    rq.guard(source="support-chatbot", **given)(answer if style == "sync" else answer_async)(7, question="Where?")
    assert body_of(Item.objects.get())["input"] == {"messages": [{"role": "user", "content": "7: Where?"}]}


DEAD = "http://127.0.0.1:9"


OFFLINE: list[tuple[Any, dict[str, Any], str]] = [
    (("On Friday.", 0.95), {"offline": 0.9}, "On Friday."),
    (("On Friday.", 0.89), {"offline": 0.9}, LATER),
    (("On Friday.", None), {"offline": 0.0}, LATER),
    ("On Friday.", {"offline": 0.0}, LATER),
    (("On Friday.", 0.95), {}, LATER),
    (("On Friday.", 0.95), {"offline": lambda answer: "Friday" in answer.content}, "On Friday."),
    (Answer("On Friday.", 0.95, risk="low"), {"offline": 0.9}, "On Friday."),
    (Answer("On Friday.", 0.95, risk="medium"), {"offline": 0.9}, LATER),
    (Answer("On Friday.", 0.95, risk="high"), {"offline": lambda answer: True}, LATER),
    (("On Friday.", 0.95), {"offline": 0.9, "risk": {"level": "high"}}, LATER),
]


def test_without_the_server_a_local_rule_decides_and_the_answer_is_kept(connect: Connect, style: str) -> None:
    rq = connect(DEAD)
    for number, (said, rule, final) in enumerate(OFFLINE, start=1):
        told = guard(rq, style, said, fallback=LATER, reach_within=0.1, **rule).ask("Where is my parcel?")
        assert (number, told.final, told.how, told.fallback) == (
            number,
            {"content": final},
            "offline",
            final == LATER,
        )
        assert rq.background.status().waiting == number


def test_an_action_is_never_carried_out_without_the_server(connect: Connect, style: str) -> None:
    refund = {"tool": "refund", "arguments": {"amount": 40}}
    guarded = guard(
        connect(DEAD), style, Answer(output=refund, confidence=1.0), kind="action", offline=0.0, reach_within=0.1
    )
    with pytest.raises(Withheld, match="cannot be reached"):
        guarded("Please pay me back")


def test_while_the_server_is_away_not_every_answer_waits_for_it(connect: Connect, style: str) -> None:
    with misbehaving(busy(503)) as site:
        guarded = guard(connect(site.url), style, ("On Friday.", 0.95), offline=0.9, reach_within=0.3)
        guarded("one")
        first = len(site.asked)
        begun = time.monotonic()
        assert [guarded(str(number)) for number in range(5)] == ["On Friday."] * 5
        assert time.monotonic() - begun < 1
        assert [one for one in site.asked[first:] if "batch" not in one.line] == []


def test_what_cannot_be_kept_on_record_is_not_said(connect: Connect, style: str) -> None:
    guarded = guard(
        connect(DEAD, spool_bytes=100), style, ("On Friday.", 0.95), offline=0.9, fallback=LATER, reach_within=0.1
    )
    assert guarded("Where is my parcel?") == LATER


@on_a_loop
def test_answers_given_without_the_server_reach_it_later(
    connect: Connect, site: Site, cast: Cast, style: str, tmp_path: Path
) -> None:
    spool = tmp_path / "kept"
    away = connect(DEAD, cast.key, spool=spool)
    guard(away, style, ("On Friday.", 0.95), offline=0.9, reach_within=0.1)("one")
    guard(away, style, ("On Friday.", 0.5), offline=0.9, fallback=LATER, reach_within=0.1)("two")
    back = connect(f"http://127.0.0.1:{site.port}", cast.key, spool=spool)
    assert back.flush(20)
    bodies = [body_of(one) for one in Item.objects.order_by("occurred_at")]
    assert [one["attributes"] for one in bodies] == [{"offline": "passed"}, {"offline": "fallback"}]
    assert all("gate" not in one and one["output"] == {"content": "On Friday."} for one in bodies)
    assert Item.objects.filter(occurred_at__lt=clock.now()).count() == 2


@blocking
def test_an_answer_that_had_arrived_after_all_is_not_stored_twice(
    connect: Connect, site: Site, cast: Cast, style: str
) -> None:
    """The request arrived, its answer was lost: later the server has the item with its gate, and 409 says so."""
    rq = connect(f"http://127.0.0.1:{site.port}", cast.key)
    rq.submit(**item("turn-1", confidence=0.95))
    rq.background.keep(item("turn-1", confidence=0.95, attributes={"offline": "passed"}), doubtful=True)
    assert rq.flush(20)
    assert (rq.background.refused(), Item.objects.count()) == ([], 1)
    rq.background.keep(item("turn-1", confidence=0.5))
    assert rq.flush(20)
    assert [one.status for one in rq.background.refused()] == [409]


HELD = {"id": "one", "state": "queued", "triage": {"result": "review", "why": ["confidence is low"]}}


@on_a_loop
def test_a_server_that_is_lost_while_an_answer_is_held_is_waited_for_until_the_deadline(
    connect: Connect, style: str
) -> None:
    begun = time.monotonic()
    with misbehaving(Act(201, HELD), DROP) as site:
        told = guard(connect(site.url), style, ("On Friday.", 0.2), deadline=1, fallback=LATER).ask("Where is it?")
    assert (told.final, told.how, told.fallback) == ({"content": LATER}, "timed_out", True)
    assert told.outcome.local
    assert 1 <= time.monotonic() - begun < 4


OWN, INSTEAD = {"content": "On Friday."}, {"content": LATER}
AGREED: list[tuple[str, bool, bool, str, Any]] = [
    ("pass", False, False, "final", OWN),
    ("pass", True, False, "withheld", None),
    ("pass", True, True, "withheld", None),
    ("fallback", False, True, "fallback", INSTEAD),
    ("fallback", True, True, "fallback", INSTEAD),
    ("withhold", False, True, "withheld", None),
]


def test_a_silent_server_is_answered_for_by_what_was_agreed_in_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LAST_WORD", 0.1)
    with misbehaving(DROP) as site, ReviewQueue(site.url, api_key="rq_a", retry=QUICK) as rq:
        for on_timeout, closed, with_fallback, disposition, final in AGREED:
            over = datetime.now(UTC) - timedelta(seconds=5)
            gate = Gate(over, on_timeout, INSTEAD if with_fallback else None, OWN, closed)  # type: ignore[arg-type]
            outcome = rq.wait(Held("one", "turn-1", "queued", gate=gate))
            assert (on_timeout, closed, outcome.disposition) == (on_timeout, closed, disposition)
            assert (outcome.final, outcome.basis, outcome.local) == (final, "timeout", True)


def test_a_key_that_is_refused_is_no_outage(connect: Connect, style: str) -> None:
    with misbehaving(Act(401, {"detail": "No such key."})) as site, pytest.raises(NotAllowed):
        guard(connect(site.url), style, ("On Friday.", 0.99), offline=0.1)("Where is my parcel?")


def test_a_rule_that_cannot_work_is_refused_where_it_is_written(connect: Connect, tmp_path: Path) -> None:
    rq = connect(DEAD)
    for wrong in ({"deadline": 0}, {"on_timeout": "fallback"}, {"offline": 90}):
        with pytest.raises(ValueError, match=r"deadline|fallback|offline"):
            rq.guard(source="support-chatbot", **wrong)
    with pytest.raises(TypeError):
        rq.guard(source="support-chatbot", kind="action", fallback="no")


def test_a_blocking_guard_refuses_an_async_function_and_the_other_way_round(connect: Connect, style: str) -> None:
    rq = connect(DEAD)
    with pytest.raises(TypeError, match="guard it with"):
        guard(rq, "async" if style == "sync" else "sync", "Hello.")


def test_the_spool_of_a_guard_is_tried_before_the_first_answer(connect: Connect, tmp_path: Path) -> None:
    Spool(tmp_path / "fine").close()
    assert connect(DEAD, spool=tmp_path / "fine", retry=QUICK).guard(source="support-chatbot")
