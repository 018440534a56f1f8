"""The walk as programs see it: a bot submits over HTTP, a tool reviews, a training pipeline downloads."""

import json

from tests.cast import item
from tests.walk.product import Product, until


def test_a_wrong_answer_comes_back_corrected_and_becomes_training_data(product: Product) -> None:
    bot, tool, training = (product.client(who) for who in ("bot", "reviewer", "ml"))
    sent = bot.post("/items", json=item("conv-1"))
    assert sent.status_code == 201
    turn = until(lambda: _claimed(tool))
    assert turn["item"]["external_id"] == "conv-1"
    assert "confidence 0.42 is below 0.60" in turn["why"][0]
    review = {
        "fence": turn["fence"],
        "decision": "edit",
        "severity": "major",
        "correction": {"content": "It will arrive on Monday."},
        "reason_codes": ["wrong-fact"],
    }
    assert tool.post(f"/assignments/{turn['id']}/review", json=review).status_code in {200, 201}
    outcome = bot.get(f"/items/{sent.json()['id']}/outcome", params={"wait": 30})
    assert outcome.status_code == 200
    assert outcome.json()["final"] == {"content": "It will arrive on Monday."}
    assert "It will arrive on Monday." in _released(training)


def _claimed(tool):
    claim = tool.post("/claims", json={})
    return claim.json() if claim.status_code == 201 else None


def _released(training) -> str:
    definition = {"slug": "corrections", "name": "Corrections", "format": "sft"}
    assert training.post("/datasets", json=definition).status_code == 201
    release = training.post("/datasets/corrections/releases", json={}).json()
    address = f"/datasets/corrections/releases/{release['version']}"
    until(lambda: training.get(address).json()["state"] == "ready")
    lines = training.get(f"{address}/files/data.jsonl").text.splitlines()
    return json.loads(lines[-1])["messages"][-1]["content"]
