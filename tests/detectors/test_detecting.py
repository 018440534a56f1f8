"""Detectors on the walk: they look before the rules decide, they hold nothing up, and nothing passes without them."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from typing import Any

import psycopg
import pytest
from django.db import connection

from reviewqueue import detectors
from reviewqueue.audit.models import Event
from reviewqueue.common.deadline import TooSlow, at_most
from reviewqueue.common.errors import Invalid
from reviewqueue.detectors import Found, Given
from reviewqueue.intake.models import Source
from reviewqueue.pipeline import detecting
from reviewqueue.triage import queries
from reviewqueue.triage.actions import forget_sketches
from reviewqueue.triage.models import DetectorSetting, Pending, Sketch, TriageDecision
from tests.cast import NOW, Cast, item
from tests.detectors.steps import IBAN, activate, decision_of, findings_of, found, kind, plant, rule, switch
from tests.steps import edit as edited
from tests.steps import settle, submit, triage

REVIEW, PASS = TriageDecision.Result.REVIEW, TriageDecision.Result.PASS
SURE = {"confidence": 0.99}


@pytest.fixture(autouse=True)
def _nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "_resting", {})


def said(text: str, external_id: str = "conv-1", **more: Any) -> dict[str, Any]:
    return item(external_id, output={"content": text}, **{**SURE, **more})


# --- what is found, and asked for ---------------------------------------------------------------------------------


def test_what_is_found_is_recorded_with_the_decision_and_rules_ask_for_it(cast: Cast) -> None:
    switch(cast, "personal_data", "language", "abuse")
    activate(cast, rule("Given away", [kind("personal_data", "answer:iban")], cast.careful))
    submit(cast, said(f"Their account is {IBAN}, as far as I can see from here."), said("On Friday.", "conv-2"))
    triage()
    first = decision_of()
    assert (first.result, first.rule and first.rule.name) == (REVIEW, "Given away")
    assert findings_of()["personal_data"] == {"score": 1.0, "kinds": ["iban", "answer:iban"]}
    assert findings_of()["language"]["kinds"] == ["en"]
    assert findings_of()["abuse"] == {"score": 0.0, "kinds": []}
    assert decision_of("conv-2").result == PASS


def test_findings_hold_no_text(cast: Cast) -> None:
    switch(cast, *detectors.known())
    submit(cast, said(f"Write to anna@example.com, you idiot: {IBAN}, within 99 days."))
    triage()
    kept = json.dumps([decision_of().facts, decision_of().reasons])
    assert not [one for one in ("anna", "idiot", "DE89", "3704", "days") if one in kept]


def test_nothing_looks_at_a_source_that_has_no_detector_on(cast: Cast) -> None:
    switch(cast, "abuse")
    switch(cast, "abuse", on=False)
    submit(cast, said("You idiot."))
    triage()
    assert "findings" not in decision_of().facts


def test_the_language_that_is_found_counts_when_the_source_names_none(cast: Cast) -> None:
    switch(cast, "language")
    german = "Ihr Paket ist heute bei uns angekommen, das Geld kommt in den nächsten Tagen."
    submit(cast, said(german), said(german, "conv-2", attributes={"locale": "fr-CH"}))
    triage()
    assert decision_of().facts["language"] == "de"
    assert decision_of("conv-2").facts["language"] == "fr"


# --- what fails or is slow ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["personal_data", "language", "abuse", "contradiction", "near_duplicate"])
def test_a_detector_that_fails_is_noted_and_holds_nothing_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plant(monkeypatch, name, "error")
    switch(cast, name, "abuse" if name != "abuse" else "language")
    submit(cast, item(), said("You idiot, it will arrive on Friday.", "conv-2"))
    assert triage() == 2
    assert findings_of()[name] == {"not_run": "failed"}
    others = {one: told for one, told in findings_of("conv-2").items() if one != name}
    assert others
    assert all("score" in one for one in others.values())
    assert decision_of().result == REVIEW
    assert not Pending.objects.exists()


@pytest.mark.parametrize("name", ["personal_data", "near_duplicate"])
def test_a_detector_that_hangs_is_left_after_its_time_and_rests(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any, name: str
) -> None:
    settings.DETECTOR_MILLISECONDS = 100
    plant(monkeypatch, name, "loop")
    switch(cast, name)
    submit(cast, item(), said("You idiot.", "conv-2"))
    begun = time.monotonic()
    assert triage() == 2
    assert time.monotonic() - begun < 5
    assert findings_of()[name] == {"not_run": "slow"}
    assert findings_of("conv-2")[name] == {"not_run": "slow"}
    submit(cast, item("conv-3"))
    monkeypatch.setattr(detecting, "failpoint", lambda _name, _key: pytest.fail("it should rest"))
    triage()
    assert findings_of("conv-3")[name] == {"not_run": "slow"}
    monkeypatch.undo()
    monkeypatch.setattr(detecting, "_resting", {name: time.monotonic() - 1})
    submit(cast, item("conv-4"))
    triage()
    assert "score" in findings_of("conv-4")[name], "it looks again after its rest"


def test_without_its_limit_a_detector_that_hangs_would_hang_triage(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The tooth: the same fault with a limit that is far away ends nothing until somebody else does."""
    settings.DETECTOR_MILLISECONDS = 60_000
    plant(monkeypatch, "abuse", "loop")
    switch(cast, "abuse")
    submit(cast, item())
    with pytest.raises(TooSlow), at_most(0.3):
        triage()
    assert Pending.objects.exists()


@pytest.fixture
def held_table() -> Iterator[None]:
    """Keep everybody else from the sketches, as a rebuilt index does."""
    given = connection.get_connection_params()
    given = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if name in given}
    with psycopg.connect(**given) as other:
        other.execute("LOCK TABLE triage_sketch IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_database_that_is_slow_to_compare_holds_nothing_up(cast: Cast, settings: Any, held_table: None) -> None:
    settings.DETECTOR_MILLISECONDS = 200
    switch(cast, "near_duplicate")
    submit(cast, said("Your parcel has left us today, and it will be there on Friday at noon, I promise."))
    assert triage() == 1
    assert findings_of() == {"near_duplicate": {"not_run": "slow"}}


def test_what_was_tried_before_goes_without_detectors(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "abuse", "error")
    switch(cast, "abuse")
    submit(cast, item())
    Pending.objects.update(attempts=1)
    [taken] = detecting.triage.take_tried(now=NOW)
    assert detecting.detect_taken([taken]).findings[taken.item_id] == {"abuse": {"not_run": "tried_before"}}


@pytest.mark.parametrize(
    "asked",
    [[found("abuse", "below", 0.3)], {"not": found("abuse", "at_least", 0.3)}, {"not": kind("abuse", "insult")}],
)
def test_nothing_passes_for_what_nobody_looked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    everything = rule("Everything else", [], cast.support)
    activate(cast, rule("Harmless", asked, None, sample_rate=0.0), everything)
    switch(cast, "abuse")
    submit(cast, said("On Friday."))
    triage()
    assert decision_of().result == PASS, "the control: looked for, and not found"
    plant(monkeypatch, "abuse", "error")
    submit(cast, said("On Friday.", "conv-2"))
    triage()
    assert (decision_of("conv-2").result, decision_of("conv-2").rule.name) == (REVIEW, "Everything else")


# --- near-duplicates ----------------------------------------------------------------------------------------------

LONG = "I am sorry that your parcel has not come. It left us on Monday and will be with you on Friday at noon."


def test_an_item_that_is_nearly_an_open_one_is_told_with_which(cast: Cast) -> None:
    switch(cast, "near_duplicate")
    submit(cast, said(LONG, confidence=0.1))
    triage()
    submit(cast, said(LONG.replace("Friday", "Sunday"), "conv-2", confidence=0.1), said("Yes, it is.", "conv-3"))
    triage()
    alike = findings_of("conv-2")["near_duplicate"]
    assert alike["score"] > 0.75
    assert alike["of"] == str(decision_of().item_id)
    assert findings_of()["near_duplicate"]["score"] == 0.0
    assert findings_of("conv-3")["near_duplicate"]["score"] == 0.0


def test_two_alike_in_one_batch_are_told(cast: Cast) -> None:
    switch(cast, "near_duplicate")
    submit(cast, said(LONG, confidence=0.1), said(LONG, "conv-2", confidence=0.1))
    triage()
    scores = sorted(findings_of(name)["near_duplicate"]["score"] for name in ("conv-1", "conv-2"))
    assert scores == [0.0, 1.0]
    assert Sketch.objects.count() == 1, "the first stands for both"


def test_what_is_closed_or_passed_or_elsewhere_is_like_nothing(cast: Cast) -> None:
    switch(cast, "near_duplicate")
    submit(cast, said(LONG, confidence=0.1), said(LONG.upper() + " Bye.", "passed"))
    triage()
    settle(cast, cast.reviewer, edited())
    submit(cast, said(LONG, "conv-2", confidence=0.1))
    triage()
    assert findings_of("conv-2")["near_duplicate"]["score"] == 0.0
    assert forget_sketches() == 1
    assert Sketch.objects.get().item_id == decision_of("conv-2").item_id


def test_open_items_are_found_by_their_index_however_few_there_are(cast: Cast) -> None:
    asked = {"asked": "[]", "workspace": cast.workspace.pk, "most": 16}
    with connection.cursor() as cursor:
        cursor.execute(queries._PLAN, ["500", "off", "off"])
        cursor.execute("EXPLAIN " + queries._ALIKE, asked)
        assert "sketch_alike" in " ".join(line for (line,) in cursor.fetchall())


# --- switching ----------------------------------------------------------------------------------------------------


def test_a_switch_says_who_and_when_and_stays_in_the_history(cast: Cast) -> None:
    switch(cast, "abuse")
    switch(cast, "abuse")
    switch(cast, "abuse", on=False)
    switch(cast, "abuse", on=False)
    setting = DetectorSetting.objects.get()
    assert (setting.by, setting.since, setting.ended_by, setting.ended_at) == (
        cast.lead.user,
        NOW,
        cast.lead.user,
        NOW,
    )
    told = Event.objects.filter(subject_kind="source", subject_id=cast.source.pk).order_by("id")
    assert [(one.verb, one.data) for one in told] == [
        ("switch_on", {"detector": "abuse"}),
        ("switch_off", {"detector": "abuse"}),
    ]


def test_a_detector_that_nobody_knows_cannot_be_switched_on(cast: Cast) -> None:
    with pytest.raises(Invalid):
        switch(cast, "mind_reading")


def test_a_source_of_another_workspace_is_not_looked_at(cast: Cast) -> None:
    switch(cast, "abuse")
    theirs = Source.objects.get(workspace=cast.stranger.workspace)
    assert not DetectorSetting.objects.filter(source=theirs).exists()


# --- replacing ----------------------------------------------------------------------------------------------------


def shouting(given: Given) -> Found:
    """Find an answer in capitals."""
    return Found(1.0, ("shouting",)) if given.answer.isupper() else Found()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a package that brings one detector and replaces another."""
    here = f"{__name__}:shouting"
    brought = [EntryPoint(name, here, detectors.GROUP) for name in ("shouting", "abuse")]
    monkeypatch.setattr(detectors, "entry_points", lambda group: brought)
    detectors.looking.cache_clear()
    yield
    monkeypatch.undo()
    detectors.looking.cache_clear()


def test_a_package_brings_a_detector_or_replaces_one(cast: Cast, installed: None) -> None:
    switch(cast, "shouting", "abuse")
    submit(cast, said("ON FRIDAY, YOU IDIOT."))
    triage()
    loud = {"score": 1.0, "kinds": ["shouting"]}
    assert findings_of() == {"abuse": loud, "shouting": loud}


def test_a_detector_that_is_installed_no_more_is_noted(cast: Cast) -> None:
    DetectorSetting.objects.create(workspace=cast.workspace, source=cast.source, detector="gone", since=NOW)
    submit(cast, item())
    triage()
    assert findings_of() == {"gone": {"not_run": "failed"}}


# --- a limit within a limit ---------------------------------------------------------------------------------------


def for_ever() -> None:
    while True:
        pass


def test_a_limit_within_a_limit_leaves_the_outer_one_its_time() -> None:
    begun = time.monotonic()
    with at_most(0.3) as outer:
        with pytest.raises(TooSlow) as inner_end, at_most(0.05):
            for_ever()
        assert time.monotonic() - begun < 0.25
        with pytest.raises(TooSlow) as outer_end:
            for_ever()
    assert inner_end.value.limit is not outer
    assert outer_end.value.limit is outer
    assert 0.25 < time.monotonic() - begun < 2


def test_an_inner_limit_never_outlasts_the_outer_one_nor_takes_its_end_for_its_own() -> None:
    begun = time.monotonic()
    with at_most(0.1) as outer, pytest.raises(TooSlow) as end, at_most(30):
        for_ever()
    assert end.value.limit is outer
    assert time.monotonic() - begun < 2


def test_beside_the_main_thread_nothing_is_interrupted() -> None:
    done = threading.Event()

    def work() -> None:
        with at_most(0.001):
            time.sleep(0.01)
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timedelta(seconds=5).total_seconds())
    assert done.is_set()
