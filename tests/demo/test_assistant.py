"""Two real versions: how they differ, where they fail, and that their confidence tells something."""

import pytest

from reviewqueue.demo.assistant import NEW, OLD, Assistant
from reviewqueue.demo.bm25 import Index
from reviewqueue.demo.customers import load_customers
from reviewqueue.demo.measuring import area_under_curve, measure
from reviewqueue.demo.risk import assess_risk
from reviewqueue.demo.words import language_of, split_questions, stems


def ask(version, *texts, locale="en"):
    messages = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]
    return Assistant(version).answer(messages, locale)


def articles(answer):
    return [document["id"] for document in answer.documents]


@pytest.mark.parametrize(("version", "low", "high"), [(OLD, 0.35, 0.45), (NEW, 0.15, 0.22)])
def test_each_version_is_wrong_about_as_often_as_it_should_be(version, low, high, capsys):
    found = measure(version)
    with capsys.disabled():
        print(f"\n{version}: {found.error_rate:.1%} wrong, AUC {found.auc:.2f}, {dict(found.reasons)}")
    assert low <= found.error_rate <= high
    assert 0.65 <= found.auc <= 0.9
    assert {"wrong-fact", "not-answered", "outdated-source", "off-policy"} <= set(found.reasons)


def test_the_old_version_still_answers_from_an_expired_article_and_the_new_one_does_not():
    question = "How many days do I have to send something back?"
    assert articles(ask(OLD, question)) == ["returns-2024"]
    assert articles(ask(NEW, question)) == ["returns-standard"]


def test_an_article_changed_after_the_index_was_built_is_answered_from_the_old_text():
    answer = ask(NEW, "assembly price")
    assert articles(answer) == ["assembly-2024"]
    assert "€89" in answer.content


def test_only_the_new_version_answers_german_and_in_german():
    question = "Betrifft der Streik auch meine Bestellung?"
    assert articles(ask(NEW, question, locale="de")) == ["delivery-strike-de"]
    assert "Guten Tag" in ask(NEW, question, locale="de").content
    assert ask(OLD, question, locale="de").handed_over


def test_only_the_new_version_answers_two_questions():
    question = "Where is my overdue order? Can I still change the delivery address?"
    assert articles(ask(NEW, question)) == ["delivery-late", "delivery-address-change"]
    assert len(articles(ask(OLD, question))) == 1


def test_a_short_last_message_is_read_together_with_the_one_before():
    asked = ("My wardrobe needs to go back, do you collect it?", "Where is it?", "In Lyon.")
    assert articles(ask(NEW, *asked)) == ["returns-bulky"]
    assert ask(NEW, "In Lyon.").handed_over


def test_a_safety_sentence_is_never_left_out_by_the_new_version():
    answer = ask(NEW, "My desk lamp smells burnt when it is on.")
    assert "unplug it" in answer.content
    assert answer.risk_level == "high"


def test_without_any_known_word_a_colleague_takes_over():
    answer = ask(NEW, "asdf")
    assert answer.handed_over
    assert answer.confidence < 0.1
    assert "colleague" in answer.content


def test_the_same_question_always_gets_the_same_answer():
    customer = load_customers()[0]
    first, second = (Assistant(NEW).answer(customer.messages, customer.locale) for _ in range(2))
    assert first == second


def test_every_answer_has_what_an_item_needs():
    for version in (OLD, NEW):
        for customer in load_customers():
            answer = Assistant(version).answer(customer.messages, customer.locale)
            assert 0 <= answer.confidence <= 1
            assert answer.risk_level in {"low", "medium", "high"}
            assert answer.model["version"] == version
            assert answer.content
            assert len(answer.documents) <= 2


@pytest.mark.parametrize(
    ("question", "answer", "level", "tag"),
    [
        ("See you in court.", "", "high", "legal"),
        ("Someone ordered in my name", "", "high", "fraud"),
        ("I want to complain", "", "medium", "complaint"),
        ("Money?", "From then you receive a delay credit of €10.", "medium", "refund-amount"),
        ("When?", "It takes up to 5 working days.", "low", "delivery-promise"),
    ],
)
def test_risk_is_explained_by_tags(question, answer, level, tag):
    found, tags = assess_risk(question, answer)
    assert found == level
    assert tag in tags


def test_rare_words_weigh_more_and_order_does_not_matter():
    index = Index({"a": ["parcel", "late"], "b": ["parcel", "strike"], "c": ["parcel", "label"]})
    assert index.search(["parcel", "strike"])[0].id == "b"
    assert index.search(["strike", "parcel"]) == index.search(["parcel", "strike"])
    assert index.search(["sofa"]) == []


def test_words_lose_their_endings():
    assert stems("cancelled cancelling cancels", "en") == ["cancel"] * 3
    assert stems("Lieferung Lieferungen", "de") == ["liefer"] * 2


def test_the_language_of_a_text_is_told_by_its_small_words():
    assert language_of("Wo bleibt mein Paket?", "en") == "de"
    assert language_of("Where is my parcel?", "de") == "en"
    assert language_of("storno", "de") == "de"


def test_questions_are_split_but_amounts_are_not():
    assert split_questions("It cost 4.95. Why? And when?") == ["It cost 4.95. Why?", "And when?"]


def test_the_area_under_the_curve_knows_order_from_chance():
    assert area_under_curve([(0.9, True), (0.1, False)]) == 1
    assert area_under_curve([(0.5, True), (0.5, False)]) == 0.5
