"""The walk through a client that openapi-python-client has made of the product's own OpenAPI document."""

import importlib
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.generating import generate
from tests.walk.product import Product, until

pytestmark = pytest.mark.long  # it waits until the outcome can no longer be undone

OPERATIONS = {
    "items": ("submit_item", "submit_items", "get_item"),
    "outcomes": ("get_outcome", "list_corrections"),
    "reviews": ("claim_next", "keep_turn", "submit_review"),
    "datasets": ("define_dataset", "make_release", "get_release", "download_release_file"),
}


@pytest.fixture(scope="module")
def generated(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The generated client's modules: ``api`` by operation, ``models``, and a client for each key."""
    folder: Path = tmp_path_factory.mktemp("generated")
    generate(folder / "generated_client", "--url", f"{product.url}/api/v1/openapi.json")
    sys.path.insert(0, str(folder))
    with ExitStack() as opened:
        opened.callback(sys.path.remove, str(folder))
        yield _client(product, opened)


def _client(product: Product, opened: ExitStack) -> SimpleNamespace:
    package = importlib.import_module("generated_client")
    api = {
        name: importlib.import_module(f"generated_client.api.{tag}.{name}")
        for tag, names in OPERATIONS.items()
        for name in names
    }
    clients = {
        who: package.AuthenticatedClient(base_url=product.url, token=key, timeout=70, raise_on_unexpected_status=True)
        for who, key in product.keys.items()
    }
    for client in clients.values():
        opened.enter_context(client)
    return SimpleNamespace(
        api=SimpleNamespace(**api), models=importlib.import_module(package.__name__ + ".models"), **clients
    )


def test_it_submits_waits_claims_reviews_reads_the_correction_and_makes_a_release(generated: Any) -> None:
    api, models, bot = generated.api, generated.models, generated.bot
    sent = api.submit_item.sync(client=bot, body=_submission(models), idempotency_key="generated-1")
    assert isinstance(sent, models.Received)
    again = api.submit_item.sync_detailed(client=bot, body=_submission(models), idempotency_key="generated-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.parsed.id == sent.id
    waiting = api.get_outcome.sync(sent.id, client=bot)
    assert isinstance(waiting, models.Waiting)
    _review(generated)
    outcome = api.get_outcome.sync(sent.id, client=bot, wait=30)
    assert isinstance(outcome, models.Outcome)
    assert outcome.decision == models.Decision.EDIT
    assert outcome.final.to_dict() == {"content": "It will arrive on Monday."}
    feed = api.list_corrections.sync(client=bot)
    assert (feed.results[-1].external_id, feed.results[-1].item) == ("generated-1", sent.id)
    assert feed.results[-1].correction.to_dict() == {"content": "It will arrive on Monday."}
    assert "It will arrive on Monday." in _released(generated)


def test_what_is_refused_is_a_problem_with_its_places(generated: Any) -> None:
    wrong = _submission(generated.models)
    wrong.confidence = 7
    refused = generated.api.submit_item.sync(client=generated.bot, body=wrong)
    assert isinstance(refused, generated.models.Problem)
    assert [place.pointer for place in refused.errors] == ["#/confidence"]


def _submission(models: Any) -> Any:
    said = models.ChatInput(messages=[models.Message(role=models.Role.USER, content="Where is my parcel?")])
    return models.ChatSubmission(
        external_id="generated-1",
        source="support-chatbot",
        kind="chat",
        input_=said,
        output=models.Content(content="It will arrive on Friday."),
        confidence=0.42,
    )


def _review(generated: Any) -> None:
    api, models, tool = generated.api, generated.models, generated.reviewer
    turn = until(lambda: api.claim_next.sync(client=tool))
    assert isinstance(turn, models.Assignment)
    assert turn.item.external_id == "generated-1"
    assert turn.item.output.to_dict() == {"content": "It will arrive on Friday."}
    kept = api.keep_turn.sync(turn.id, client=tool, body=models.Heartbeat(fence=turn.fence))
    assert kept.expires_at >= turn.expires_at
    judgement = models.Judgement(
        fence=turn.fence,
        decision=models.Decision.EDIT,
        severity=models.Severity.MAJOR,
        correction="It will arrive on Monday.",
    )
    assert isinstance(api.submit_review.sync(turn.id, client=tool, body=judgement), models.Review)


def _released(generated: Any) -> str:
    api, models, ml = generated.api, generated.models, generated.ml
    wanted = models.Definition(slug="generated", format_=models.DatasetFormat.SFT)
    assert isinstance(api.define_dataset.sync(client=ml, body=wanted), models.Dataset)
    made = api.make_release.sync("generated", client=ml)
    assert isinstance(made, models.Release)
    until(lambda: api.get_release.sync("generated", made.version, client=ml).state == models.ReleaseState.READY)
    lines = api.download_release_file.sync_detailed("generated", made.version, "data.jsonl", client=ml).content
    return json.loads(lines.splitlines()[-1])["messages"][-1]["content"]
