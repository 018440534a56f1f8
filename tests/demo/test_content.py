"""The demo's content is what its README says: written, complete and consistent."""

import re
from collections import Counter
from functools import reduce

from reviewqueue.demo.customers import load_customers
from reviewqueue.demo.handbook import load_handbook

HANDBOOK = load_handbook()
CUSTOMERS = load_customers()


def test_the_handbook_has_enough_articles_in_both_languages():
    languages = Counter(article.locale for article in HANDBOOK.values())
    assert languages["en"] >= 66
    assert languages["de"] >= 16


def test_every_outdated_article_names_a_current_one_on_the_same_topic():
    outdated = [article for article in HANDBOOK.values() if article.outdated]
    assert len(outdated) >= 10
    for article in outdated:
        successor = HANDBOOK[article.replaced_by]
        assert not successor.outdated
        assert successor.topic == article.topic
        assert article.expired_at < successor.valid_from


def test_every_translation_keeps_the_facts_of_its_original():
    for article in HANDBOOK.values():
        if article.translation_of:
            original = HANDBOOK[article.translation_of]
            assert (article.topic, article.stake) == (original.topic, original.stake)
            assert len(article.key_sentences) == len(original.key_sentences), article.id


def test_articles_are_whole_answers():
    for article in HANDBOOK.values():
        assert len(article.sentences) >= 3, article.id
        assert "**" not in article.text
        assert all(sentence in article.sentences for sentence in article.key_sentences), article.id


def test_customers_are_many_different_and_in_many_styles():
    assert len(CUSTOMERS) >= 440
    assert len({customer.question for customer in CUSTOMERS}) == len(CUSTOMERS)
    assert len({customer.subject for customer in CUSTOMERS}) == len(CUSTOMERS)
    styles = Counter(customer.style for customer in CUSTOMERS)
    assert set(styles) >= {"plain", "terse", "typos", "two-questions", "angry", "ambiguous", "out-of-scope"}
    assert sum(customer.locale == "de" for customer in CUSTOMERS) >= 50
    assert sum(len(customer.messages) > 1 for customer in CUSTOMERS) >= 15


def test_a_good_share_of_the_customers_waits_for_goods():
    share = sum(customer.delayed for customer in CUSTOMERS) / len(CUSTOMERS)
    assert 0.25 < share < 0.4


def test_what_customers_need_is_in_the_handbook_in_their_language():
    for customer in CUSTOMERS:
        for base_id in customer.expected:
            assert not HANDBOOK[base_id].outdated
            if customer.locale == "de":
                assert f"{base_id}-de" in HANDBOOK, customer.id


def test_conversations_begin_and_end_with_the_customer():
    for customer in CUSTOMERS:
        roles = [message["role"] for message in customer.messages]
        assert roles == [("user", "assistant")[place % 2] for place in range(len(roles))]
        assert len(roles) % 2 == 1


#: Published examples of account numbers; telephone numbers and a domain that are kept free for stories.
NOBODYS = (
    "DE89 3704 0044 0532 0130 00",
    "GB82 WEST 1234 5698 7654 32",
    "+44 20 7946 0018",
    "+49 30 23125018",
    "a.moreau@example.org",
)


def test_whatever_looks_like_somebodys_address_or_number_is_nobodys():
    said = [message["content"] for customer in CUSTOMERS for message in customer.messages]
    assert all(sum(one in text for text in said) == 1 for one in NOBODYS)
    for text in said:
        rest = reduce(lambda left, one: left.replace(one, ""), NOBODYS, text)
        assert not re.search(r"@|\+\d|\d{7,}|\d{4} \d{4}", rest)
