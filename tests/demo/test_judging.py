"""The demo's reviewers: what they decide, and how they differ."""

import difflib
from collections import Counter

import pytest

from reviewqueue.demo.assessing import assess, is_wrong
from reviewqueue.demo.assistant import NEW, OLD, Assistant
from reviewqueue.demo.customers import load_customers
from reviewqueue.demo.judging import REASON_CODES, judge


@pytest.fixture(scope="module")
def answered():
    return [
        (customer, Assistant(version).answer(customer.messages, customer.locale))
        for version in (OLD, NEW)
        for customer in load_customers()
    ]


def test_a_judgement_is_always_one_that_the_product_takes(answered):
    for customer, answer in answered:
        judgement = judge(customer, answer)
        assert judgement.decision in {"approve", "edit", "reject"}
        assert judgement.severity in {"none", "minor", "major", "critical"}
        assert (judgement.correction is not None) == (judgement.decision == "edit")
        assert set(judgement.reason_codes) <= set(REASON_CODES)
        assert judgement.cause in {None, "model", "knowledge", "input", "policy", "unclear"}


def test_a_correction_always_changes_something(answered):
    for customer, answer in answered:
        judgement = judge(customer, answer)
        if judgement.decision == "edit":
            assert judgement.correction != answer.content, customer.id


def test_severity_agrees_with_the_facts_about_right_and_wrong(answered):
    for customer, answer in answered:
        assert (judge(customer, answer, seed=7).severity != "none") == is_wrong(customer, answer)


def test_an_outdated_source_is_blamed_on_the_knowledge_and_corrected_to_the_current_amount(answered):
    customer, answer = next(
        (customer, answer)
        for customer, answer in answered
        if [found["id"] for found in answer.documents] == ["assembly-2024"]
        and customer.expected == ("assembly-service",)
    )
    judgement = judge(customer, answer)
    assert judgement.cause == "knowledge"
    assert "outdated-source" in judgement.reason_codes
    assert "€89" in answer.content
    assert "€89" not in judgement.correction
    assert "€59" in judgement.correction


def test_what_was_right_is_kept_in_a_correction(answered):
    halves = [
        (answer, judge(customer, answer))
        for customer, answer in answered
        if answer.documents and assess(customer, answer).reason_codes == ("not-answered",) and customer.expected
    ]
    assert halves
    for answer, judgement in halves:
        likeness = difflib.SequenceMatcher(None, answer.content, judgement.correction, autojunk=False)
        assert sum(block.size for block in likeness.get_matching_blocks()) > 0.7 * len(answer.content)


def test_nonsense_is_rejected_and_an_unclear_message_is_asked_back(answered):
    decided = Counter(
        (customer.style, judge(customer, answer).decision)
        for customer, answer in answered
        if not customer.expected and answer.documents
    )
    assert decided["out-of-scope", "reject"] > 10
    assert decided["ambiguous", "edit"] > 5


def test_some_edits_are_only_about_style(answered):
    judgements = [judge(customer, answer) for customer, answer in answered]
    styled = [one for one in judgements if one.decision == "edit" and one.severity == "none"]
    assert 10 < len(styled) < len(judgements) / 8
    assert all(one.reason_codes == ("tone",) for one in styled)


def test_goodwill_is_not_trained_on(answered):
    judgements = [judge(customer, answer) for customer, answer in answered]
    generous = [one for one in judgements if one.correction and "voucher of €10" in one.correction]
    assert generous
    assert not any(one.train for one in generous)


def test_a_bad_answer_already_given_is_followed_up(answered):
    for customer, answer in answered:
        judgement = judge(customer, answer)
        if judgement.decision == "edit":
            assert judgement.follow_up == (judgement.severity in {"major", "critical"})


def test_two_reviewers_mostly_agree_and_sometimes_do_not(answered):
    pairs = [(judge(customer, answer, seed=1), judge(customer, answer, seed=2)) for customer, answer in answered]
    differing = sum((one.decision, one.severity) != (two.decision, two.severity) for one, two in pairs)
    assert 0.02 < differing / len(pairs) < 0.2


def test_one_reviewer_always_decides_the_same(answered):
    assert [judge(*pair, seed=3) for pair in answered[:100]] == [judge(*pair, seed=3) for pair in answered[:100]]
