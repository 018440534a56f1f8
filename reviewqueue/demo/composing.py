"""Puts an answer together from a greeting, the articles' own sentences and a closing."""

from __future__ import annotations

from collections.abc import Sequence

from reviewqueue.demo.handbook import Article
from reviewqueue.demo.words import stems

GREETING = {
    "en": "Hello, thank you for your message.",
    "de": "Guten Tag, vielen Dank für Ihre Nachricht.",
}
CLOSING = {
    "en": "Kind regards, your Kranich & Moor team",
    "de": "Freundliche Grüße, Ihr Team von Kranich & Moor",
}
HANDOVER = {
    "en": "I am not sure I can help you with this, so I am passing your message to a colleague, "
    "who answers within one working day.",
    "de": "Dabei kann ich Ihnen leider nicht sicher helfen. Ich gebe Ihre Nachricht an eine Kollegin "
    "oder einen Kollegen weiter; die Antwort kommt innerhalb eines Werktags.",
}


def compose(paragraphs: Sequence[str], locale: str) -> str:
    """A whole answer: greeting, one paragraph per subject, closing."""
    return "\n\n".join([GREETING[locale], *paragraphs, CLOSING[locale]])


def extract(article: Article, question: str, *, limit: int, keep_key: bool) -> str:
    """The article's first sentence and those nearest to the question, in the article's order."""
    wanted = set(stems(question, article.locale))
    first, *rest = article.sentences
    nearest = sorted(rest, key=lambda sentence: -len(wanted.intersection(stems(sentence, article.locale))))
    chosen = {first, *nearest[: limit - 1]}
    if keep_key:
        chosen.update(article.key_sentences)
    return " ".join(sentence for sentence in article.sentences if sentence in chosen)
