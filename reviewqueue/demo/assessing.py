"""What is wrong with an answer, by the articles that a correct one must rest on. No opinion, no chance."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reviewqueue.demo.assistant import Answer
from reviewqueue.demo.customers import Customer
from reviewqueue.demo.handbook import Article, article_in, load_handbook
from reviewqueue.demo.words import language_of

SEVERITIES = ("none", "minor", "major", "critical")
AMOUNT = re.compile(r"€\s?[\d.,]+|[\d.,]+\s?€|\d+\s(?:working )?(?:days|weeks|months|years|Tag|Werktag|Woche)")


@dataclass(frozen=True)
class Finding:
    """The plain facts about one answer; severity `none` with no reasons means it is right."""

    severity: str
    cause: str | None = None
    reason_codes: tuple[str, ...] = ()
    why: str = ""

    @property
    def wrong(self) -> bool:
        return self.severity != "none"


RIGHT = Finding("none")


def assess(customer: Customer, answer: Answer) -> Finding:
    """Compare what an answer rests on with what it must rest on."""
    if not customer.expected:
        return assess_unanswerable(customer, answer)
    if answer.handed_over:
        return Finding("minor", "model", ("not-answered",), "The handbook has the answer; none was given.")
    used = used_articles(answer)
    return (
        outdated_source(customer, used)
        or wrong_article(customer, used)
        or half_answered(customer, used)
        or wrong_language(customer, answer)
        or missing_step(customer, answer)
        or beside_the_point(customer, used)
        or RIGHT
    )


def is_wrong(customer: Customer, answer: Answer) -> bool:
    """Does the answer count as wrong (from `minor` up)?"""
    return assess(customer, answer).wrong


def used_articles(answer: Answer) -> list[Article]:
    """The handbook articles behind an answer."""
    return [load_handbook()[found["id"]] for found in answer.documents]


def expected_articles(customer: Customer) -> list[Article]:
    """The articles a correct answer rests on, in the customer's language."""
    return [article_in(base_id, customer.locale) for base_id in customer.expected]


def assess_unanswerable(customer: Customer, answer: Answer) -> Finding:
    """Ambiguous or outside the shop's business: only handing over is right."""
    if answer.handed_over:
        return RIGHT
    if customer.style == "ambiguous":
        return Finding("minor", "input", ("not-answered",), "One cannot know what the customer means; ask back.")
    if customer.style == "mixed":
        return Finding("minor", "input", ("language",), "The customer writes in a language we do not serve.")
    return Finding(
        "minor", "model", ("off-policy",), "This is not our business, and the answer is about another thing."
    )


def outdated_source(customer: Customer, used: list[Article]) -> Finding | None:
    """Find that the answer rests on an article that another has replaced."""
    for article in used:
        if article.outdated and article.replaced_by in customer.expected:
            current = article_in(article.replaced_by, customer.locale)
            codes = ("outdated-source", "wrong-amount") if amounts_differ(article, current) else ("outdated-source",)
            why = f"It rests on {article.id}, which {current.id} has replaced."
            return Finding(current.stake, "knowledge", codes, why)
    return None


def amounts_differ(first: Article, second: Article) -> bool:
    """Return whether two articles name different amounts."""
    return set(AMOUNT.findall(first.text)) != set(AMOUNT.findall(second.text))


def wrong_article(customer: Customer, used: list[Article]) -> Finding | None:
    """Find that no article asked about was used."""
    if {article.base_id for article in used}.intersection(customer.expected):
        return None
    right = expected_articles(customer)
    stake = max((article.stake for article in right), key=SEVERITIES.index)
    codes = ("wrong-fact", "unsafe") if stake == "critical" else ("wrong-fact",)
    cause = "input" if customer.style == "ambiguous" else "model"
    names = ", ".join(article.title for article in used)
    return Finding(stake, cause, codes, f"The question is about “{right[0].title}”; the answer is about “{names}”.")


def half_answered(customer: Customer, used: list[Article]) -> Finding | None:
    """Find that something asked about was left out."""
    given = {article.base_id for article in used}
    left = [article for article in expected_articles(customer) if article.base_id not in given]
    if not left:
        return None
    codes = ("not-answered", "wrong-fact") if given.difference(customer.expected) else ("not-answered",)
    return Finding("minor", "model", codes, f"Nothing is said on “{left[0].title}”.")


def wrong_language(customer: Customer, answer: Answer) -> Finding | None:
    """Find that the answer is not in the customer's language."""
    if language_of(answer.content, customer.locale) == customer.locale:
        return None
    return Finding("minor", "model", ("language",), "The answer is not in the customer's language.")


def missing_step(customer: Customer, answer: Answer) -> Finding | None:
    """Find that a sentence was left out which must always stand."""
    for article in expected_articles(customer):
        if any(sentence not in answer.content for sentence in article.key_sentences):
            severity = "critical" if article.stake == "critical" else "minor"
            codes = ("missing-step", "unsafe") if severity == "critical" else ("missing-step",)
            return Finding(severity, "model", codes, f"“{article.title}” has a sentence that must never be left out.")
    return None


def beside_the_point(customer: Customer, used: list[Article]) -> Finding | None:
    """Find that the answer speaks of what nobody asked about."""
    extra = [article for article in used if article.base_id not in customer.expected]
    if not extra:
        return None
    return Finding("minor", "model", ("off-policy",), f"Nobody asked about “{extra[0].title}”.")
