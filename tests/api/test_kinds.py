"""Each kind from submission to release, as programs meet it: submit, review, outcome, a line to train on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.datasets.actions import build, define, folder_of, request_release, take_due
from reviewqueue.review.corrections import shuffled
from reviewqueue.review.models import Review
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.kinds import KINDS, declare_all, of_kind
from tests.steps import publish, triage

EXTRACTED = {**KINDS["extraction"]["output"], "total": 412.5}
#: kind -> a correction as it is sent, what stands in the end, and what a release's line has of it.
CORRECTED: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "text": (
        "A light oak chair.",
        {"content": "A light oak chair."},
        {"messages": [{"role": "assistant", "content": "A light oak chair."}]},
    ),
    "classification": ({"label": "refund"}, {"label": "refund"}, {"label": "refund"}),
    "extraction": (EXTRACTED, EXTRACTED, {"output": EXTRACTED}),
    "action": (
        {"arguments": {"order": "AB-1207", "amount": 45}},
        {"tool": "refund", "arguments": {"order": "AB-1207", "amount": 45}},
        {"output": {"tool": "refund", "arguments": {"order": "AB-1207", "amount": 45}}},
    ),
    "comparison": (
        {"preferred": "p14"},
        {"preferred": "p14", "content": "Yes, within 30 days."},
        {"messages": [{"role": "assistant", "content": "Yes, within 30 days."}]},
    ),
}


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path


@pytest.fixture
def reviewer(cast: Cast, acting_as: Callable[..., Api]) -> Api:
    """A program that acts as the reviewer."""
    declare_all(cast.source)
    return acting_as(cast.reviewer)


def in_order(output: dict[str, Any]) -> dict[str, Any]:
    """Return an output, the candidates of a comparison by their ids."""
    candidates = sorted(output.get("candidates", []), key=lambda one: one["id"])
    return {**output, "candidates": candidates} if candidates else output


def claimed(api: Api, reviewer: Api, kind: str, **changes: Any) -> dict[str, Any]:
    """Submit an item of a kind and claim it."""
    sent = item(f"{kind}-1", **of_kind(kind, **changes))
    answer = api.post("items", sent)
    assert answer.status_code == 201, answer.content
    triage(clock.now())
    turn = reviewer.post("claims").json()
    assert in_order(turn["item"]["output"]) == in_order(sent["output"])
    return turn


def review(reviewer: Api, turn: dict[str, Any], **judgement: Any) -> Any:
    """Submit a judgement."""
    return reviewer.post(f"assignments/{turn['id']}/review", {"fence": turn["fence"], **judgement})


def released(cast: Cast, format: str) -> list[dict[str, Any]]:
    """Return the lines of a release made now."""
    whole = define(
        workspace_id=cast.workspace.pk, slug=format, name="", format=format, query={}, by=None, actor=SYSTEM, now=NOW
    )
    request_release(dataset=whole, by=None, actor=SYSTEM, now=NOW)
    release = take_due(now=NOW)
    assert release is not None
    build(release=release, now=NOW)
    lines = (folder_of(release) / "data.jsonl").read_text().splitlines()
    release.refresh_from_db()
    assert release.row_count == len(lines)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("kind", CORRECTED)
def test_a_correction_goes_all_the_way(cast: Cast, api: Api, reviewer: Api, kind: str) -> None:
    correction, final, line = CORRECTED[kind]
    turn = claimed(api, reviewer, kind)
    answer = review(reviewer, turn, decision="edit", severity="minor", correction=correction)
    assert answer.status_code == 201, answer.content
    publish(cast)
    outcome = api.get(f"items/{turn['item']['id']}/outcome").json()
    assert (outcome["final"], outcome["disposition"], outcome["changed"]) == (final, "final", True)
    (told,) = released(cast, "sft")
    assert told["metadata"]["kind"] == kind
    for name, value in line.items():
        assert (told[name][-1:] if name == "messages" else told[name]) == value


@pytest.mark.parametrize(
    ("kind", "correction", "place"),
    [
        ("text", {"content": ""}, "#/correction/content"),
        ("text", {"label": "x"}, "#/correction"),
        ("classification", "weather", "#/correction/label"),
        ("extraction", {**EXTRACTED, "order": 7}, "#/correction/order"),
        ("extraction", "AB-1", "#/correction"),
        ("extraction", None, "#/correction/order"),
        ("action", {"arguments": {"order": "AB-1207", "amount": 900}}, "#/correction/arguments/amount"),
        ("action", {"tool": "close", "arguments": {}}, "#/correction/tool"),
        ("comparison", {"preferred": "p99"}, "#/correction/preferred"),
        ("comparison", {}, "#/correction"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_at_its_place(
    cast: Cast, api: Api, reviewer: Api, kind: str, correction: Any, place: str
) -> None:
    turn = claimed(api, reviewer, kind)
    answer = review(reviewer, turn, decision="edit", severity="minor", correction=correction)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, place)


def test_an_action_is_refused_and_nothing_is_done(cast: Cast, api: Api, reviewer: Api) -> None:
    turn = claimed(api, reviewer, "action")
    assert review(reviewer, turn, decision="reject", severity="major").status_code == 201
    publish(cast)
    outcome = api.get(f"items/{turn['item']['id']}/outcome").json()
    assert (outcome["final"], outcome["disposition"]) == (None, "withheld")


def test_a_preference_needs_no_severity_and_an_approval_says_nothing(cast: Cast, api: Api, reviewer: Api) -> None:
    turn = claimed(api, reviewer, "comparison")
    approved = review(reviewer, turn, decision="approve")
    assert (approved.status_code, approved.json()["errors"][0]["pointer"]) == (422, "#/decision")
    assert review(reviewer, turn, decision="edit", correction={"preferred": "p15"}).status_code == 201
    publish(cast)
    (pair,) = released(cast, "preference")
    assert pair["chosen"][0]["content"].startswith("Yes. Wrap it well")
    assert pair["rejected"] == [{"role": "assistant", "content": "Yes, within 30 days."}]


def test_a_held_action_falls_back_to_another_that_fits_the_declaration(cast: Cast, api: Api, reviewer: Api) -> None:
    gate = {"deadline_seconds": 60, "on_timeout": "fallback"}
    for tool, status in (("delete", 422), ("close", 201)):
        fallback = {"tool": tool, "arguments": {}}
        sent = item(f"held-{tool}", **of_kind("action"), gate={**gate, "fallback": fallback})
        assert api.post("items", sent).status_code == status


def test_two_reviewers_who_prefer_the_same_candidate_agree(
    cast: Cast, api: Api, reviewer: Api, acting_as: Callable[..., Api]
) -> None:
    turn = claimed(api, reviewer, "comparison", risk={"level": "high"})
    review(reviewer, turn, decision="edit", correction={"preferred": "p15"})
    other = acting_as(cast.reviewer2)
    second = other.post("claims").json()
    review(other, second, decision="edit", correction={"preferred": "p15"})
    publish(cast)
    outcome = api.get(f"items/{turn['item']['id']}/outcome").json()
    assert (outcome["basis"], outcome["reviewers"]) == ("agreement", 2)


def test_candidates_come_to_each_reviewer_in_an_order_of_their_own(
    cast: Cast, api: Api, reviewer: Api, acting_as: Callable[..., Api]
) -> None:
    """As on the page, so that no place is preferred by everybody; the choice is named by id, and maps back by it."""
    output = {"candidates": [{"id": f"c{n}", "content": f"Answer {n}.", "model": f"bot {n}"} for n in range(8)]}
    sent = item("many", **of_kind("comparison", output=output, risk={"level": "high"}))  # two reviews
    item_id = api.post("items", sent).json()["id"]
    triage(clock.now())
    seen = []
    for who, program in ((cast.reviewer, reviewer), (cast.reviewer2, acting_as(cast.reviewer2))):
        turn = program.post("claims").json()
        assert in_order(turn["item"]["output"]) == output
        seen.append([one["id"] for one in turn["item"]["output"]["candidates"]])
        assert seen[-1] == shuffled(output, item_id=UUID(item_id), user_id=who.user_id)
        assert review(program, turn, decision="edit", correction={"preferred": seen[-1][0]}).status_code == 201
    assert seen[0] != seen[1]
    said = Review.objects.order_by("submitted_at").values_list("content__correction", flat=True)
    assert [json.loads(one)["preferred"] for one in said] == [order[0] for order in seen]
    assert api.get(f"items/{item_id}").json()["output"] == output
