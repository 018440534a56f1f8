"""How a careful person rewrites an answer: keeps what is right, replaces the rest, says sorry where due."""

from __future__ import annotations

from reviewqueue.demo.assessing import expected_articles
from reviewqueue.demo.assistant import Answer
from reviewqueue.demo.composing import CLOSING, GREETING, HANDOVER, compose, extract
from reviewqueue.demo.customers import Customer
from reviewqueue.demo.handbook import Article
from reviewqueue.demo.words import split_questions

SORRY = {
    "en": "I am sorry for the trouble you have had.",
    "de": "Es tut mir leid, dass Sie solchen Ärger hatten.",
}
ASK_BACK = {
    "en": "I would like to help, but I am not sure what you mean. Could you tell me your order "
    "number and what happened?",
    "de": "Ich helfe Ihnen gern, verstehe aber noch nicht, worum es geht. Nennen Sie mir bitte Ihre "
    "Bestellnummer und was passiert ist?",
}
NOT_OUR_BUSINESS = {
    "en": "I can only help with questions about Kranich & Moor and your orders here.",
    "de": "Ich kann nur bei Fragen zu Kranich & Moor und zu Ihren Bestellungen bei uns helfen.",
}
WRITE_AGAIN = {
    "en": "Please write again if anything is unclear.",
    "de": "Schreiben Sie gern noch einmal, wenn etwas unklar ist.",
}
GOODWILL = {
    "en": "As an apology I have added a voucher of €10 to your account.",
    "de": "Als Entschuldigung habe ich Ihrem Konto einen Gutschein über 10 € hinzugefügt.",
}


def corrected(customer: Customer, answer: Answer, *, goodwill: bool = False) -> str:
    """The answer as it should have been."""
    paragraphs = corrected_paragraphs(customer, answer)
    if goodwill:
        paragraphs.append(GOODWILL[customer.locale])
    text = compose(paragraphs, customer.locale)
    return with_apology(text, customer.locale) if customer.style == "angry" else text


def corrected_paragraphs(customer: Customer, answer: Answer) -> list[str]:
    """One paragraph for each article the answer must rest on, or what to say when there is none."""
    if customer.expected:
        return [corrected_paragraph(article, customer, answer) for article in expected_articles(customer)]
    if customer.style == "ambiguous":
        return [ASK_BACK[customer.locale]]
    if customer.style == "mixed":
        return [HANDOVER[customer.locale]]
    return [NOT_OUR_BUSINESS[customer.locale]]


def corrected_paragraph(article: Article, customer: Customer, answer: Answer) -> str:
    """Keep the sentences that are right and add those that must be there."""
    kept = {sentence for sentence in article.sentences if sentence in answer.content}
    if kept:
        wanted = kept.union(article.key_sentences)
        return " ".join(sentence for sentence in article.sentences if sentence in wanted)
    return extract(article, question_on(article, customer), limit=3, keep_key=True)


def question_on(article: Article, customer: Customer) -> str:
    """The part of the message that belongs to this article, when two things were asked."""
    parts = split_questions(customer.question)
    place = customer.expected.index(article.base_id)
    return parts[place] if len(parts) == len(customer.expected) else customer.question


def with_apology(text: str, locale: str) -> str:
    """Put a word of regret after the greeting, unless there is one already."""
    if apologises(text):
        return text
    return text.replace(GREETING[locale], f"{GREETING[locale]} {SORRY[locale]}", 1)


def apologises(text: str) -> bool:
    return "sorry" in text or "tut mir" in text


def restyled(answer: Answer, customer: Customer) -> str:
    """The same facts in a warmer tone, for an answer that is right."""
    text = with_apology(answer.content, customer.locale)
    if text != answer.content:
        return text
    closing = CLOSING[customer.locale]
    return text.replace(closing, f"{WRITE_AGAIN[customer.locale]}\n\n{closing}", 1)
