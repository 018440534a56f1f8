"""Items are built exactly as the public contract has them."""

import json
from datetime import UTC, datetime

import pytest

from reviewqueue.demo.assistant import NEW, Assistant
from reviewqueue.demo.classifier import LABELS, Classifier, unseen_customers
from reviewqueue.demo.customers import load_customers
from reviewqueue.demo.items import to_classification_item, to_item
from reviewqueue.demo.measuring import area_under_curve

AT = datetime(2026, 11, 22, 10, 4, 11, tzinfo=UTC)
ALLOWED = {
    *("external_id", "source", "model", "kind", "group", "occurred_at", "input", "output", "confidence"),
    *("risk", "attributes", "subject", "links", "trace_id", "gate"),
}


@pytest.fixture(scope="module")
def classifier():
    return Classifier.trained()


def test_every_answer_becomes_an_item_of_the_contract():
    for customer in load_customers():
        answer = Assistant(NEW).answer(customer.messages, customer.locale)
        item = json.loads(json.dumps(to_item(customer, answer, external_id="conv-1:turn-2", occurred_at=AT)))
        assert set(item) <= ALLOWED
        assert (item["source"], item["kind"], item["group"]) == ("support-chatbot", "chat", "conv-1")
        assert item["output"] == {"content": answer.content}
        assert item["occurred_at"] == "2026-11-22T10:04:11+00:00"
        assert len(item["trace_id"]) == 32
        assert all(isinstance(value, str | int | float | bool) for value in item["attributes"].values())


def test_a_classification_names_one_of_the_declared_labels(classifier):
    customer = unseen_customers()[0]
    result = classifier.classify(customer.question)
    item = to_classification_item(customer, result, external_id="msg-1", occurred_at=AT)
    assert set(item) <= ALLOWED
    assert item["output"]["label"] in LABELS
    assert set(item["output"]["scores"]) == set(LABELS)
    assert item["confidence"] == max(item["output"]["scores"].values())


def test_the_classifier_is_useful_but_not_perfect_and_knows_it_a_little(classifier):
    results = [(one, classifier.classify(one.question)) for one in unseen_customers()]
    pairs = [(result.confidence, result.label == customer.topic) for customer, result in results]
    assert 0.65 < sum(right for _, right in pairs) / len(pairs) < 0.9
    assert 0.65 < area_under_curve(pairs) < 0.95
