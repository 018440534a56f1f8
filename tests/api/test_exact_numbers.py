"""A number leaves as it came (I-5): with all its digits, wherever an answer or a correction goes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.datasets.actions import build, define, folder_of, request_release, take_due
from reviewqueue.delivery.bodies import bodies_of
from reviewqueue.delivery.models import Message
from reviewqueue.review.rules import Judgement
from tests.api.conftest import Api
from tests.cast import NOW, Cast
from tests.delivery.telling import hook
from tests.kinds import declare_all
from tests.steps import claim, publish, settle, triage

LONG = "123456789012345678901234567890"
OUTPUT = f'{{ "tool":"close", "arguments": {{"id":{LONG}, "price":1.10, "of":[1E5,-0]}}}}'
INPUT = '{"plan":"Close."}'
FALLBACK = f'{{"tool":"close","arguments":{{"id":{LONG},"price":2.50}}}}'


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path


def submitted(api: Api, confidence: float = 0.42, gate: str = "null") -> str:
    """Submit an action of exactly this text."""
    text = (
        f'{{"external_id":"exact-1","source":"support-chatbot","kind":"action","confidence":{confidence},'
        f'"input":{INPUT},"output" : {OUTPUT} , "gate":{gate}}}'
    )
    answer = api.post("items", text.encode())
    assert answer.status_code == 201, answer.content
    return answer.json()["id"]


def outcome_of(api: Api, item_id: str) -> str:
    return api.get(f"items/{item_id}/outcome").content.decode()


def line_of(cast: Cast) -> str:
    """Return the line of a release made now."""
    more: dict[str, Any] = {"query": {}, "by": None, "actor": SYSTEM, "now": NOW}
    dataset = define(workspace_id=cast.workspace.pk, slug="all", name="", format="sft", **more)
    request_release(dataset=dataset, by=None, actor=SYSTEM, now=NOW)
    release = take_due(now=NOW)
    assert release is not None
    build(release=release, now=NOW)
    return (folder_of(release) / "data.jsonl").read_text()


def test_what_was_approved_goes_everywhere_to_the_letter(cast: Cast, api: Api) -> None:
    hook(cast, "https://hooks.example/in", "outcome.settled")
    declare_all(cast.source)
    item_id = submitted(api)
    triage(clock.now())
    settle(cast, cast.reviewer, Judgement(decision="approve"))
    publish(cast)
    assert f'"final":{OUTPUT},' in outcome_of(api, item_id)
    assert f'"final":{OUTPUT},' in api.get("corrections").content.decode()
    (body,) = bodies_of(list(Message.objects.select_related("item__source"))).values()
    assert f'"final":{OUTPUT},' in body.decode()
    assert f'"input":{INPUT},"output":{OUTPUT.replace(" ", "")},' in line_of(cast)


def test_a_correction_keeps_its_digits_and_those_of_what_it_leaves(
    cast: Cast, api: Api, acting_as: Callable[..., Api]
) -> None:
    declare_all(cast.source)
    item_id = submitted(api)
    triage(clock.now())
    reviewer = acting_as(cast.reviewer)
    turn = reviewer.post("claims").json()
    corrected = f'{{"id":{LONG}9, "price":1.20,"of":[1E5,-0]}}'
    said = (
        f'{{"fence":{turn["fence"]},"decision":"edit","severity":"minor","correction":{{"arguments":{corrected}}}}}'
    )
    answer = reviewer.post(f"assignments/{turn['id']}/review", said.encode())
    assert answer.status_code == 201, answer.content
    publish(cast)
    assert f'"final":{{"tool":"close","arguments":{corrected}}}' in outcome_of(api, item_id)


def test_a_form_that_changes_one_field_keeps_the_digits_of_the_others(cast: Cast, api: Api) -> None:
    declare_all(cast.source)
    item_id = submitted(api)
    triage(clock.now())
    turn = claim(cast, cast.reviewer)
    assert turn is not None
    correction = {"arguments": {"id": float(LONG), "price": 1.3, "of": [100000.0, 0]}}
    judgement = Judgement(decision="edit", severity="minor", correction=correction)
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=judgement, now=NOW
    )
    publish(cast)
    assert f'"arguments":{{"id":{LONG},"price":1.3,"of":[1E5,-0]}}' in outcome_of(api, item_id)


def test_what_passes_is_its_own_output_to_the_letter(cast: Cast, api: Api) -> None:
    declare_all(cast.source)
    item_id = submitted(api, confidence=0.99)
    triage(clock.now())
    assert f'"final":{OUTPUT},' in outcome_of(api, item_id)


@pytest.mark.parametrize(("on_timeout", "final"), [("pass", OUTPUT), ("fallback", FALLBACK)])
def test_what_goes_out_when_nobody_is_there_is_to_the_letter(
    cast: Cast, api: Api, on_timeout: str, final: str
) -> None:
    declare_all(cast.source)
    gate = f'{{"deadline_seconds":60,"on_timeout":"{on_timeout}","fallback": {FALLBACK}}}'
    item_id = submitted(api, gate=gate)
    assert f'"final":{final},' in outcome_of(api, item_id)
