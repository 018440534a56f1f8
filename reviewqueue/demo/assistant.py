"""The shop's assistant: finds handbook articles by BM25 and answers in their words.

Two versions differ as real ones do. "2026-09-15" reads whole words only, in an index that still holds
expired articles, knows no German, gives one article's answer and may leave out its key sentence. "2026-11-01"
reads stems, in an index of the articles current on that day in both languages, and answers two questions. It
still trips over typing mistakes, words the handbook does not use, and articles that changed after its day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from reviewqueue.demo.bm25 import Hit, Index
from reviewqueue.demo.composing import HANDOVER, compose, extract
from reviewqueue.demo.customers import Message
from reviewqueue.demo.handbook import Article, load_handbook
from reviewqueue.demo.risk import assess_risk
from reviewqueue.demo.words import language_of, split_questions, stems, tokens

OLD, NEW = "2026-09-15", "2026-11-01"


@dataclass(frozen=True)
class Version:
    """What makes one model version differ from another."""

    version: str
    prompt: str
    index: str
    modern: bool
    sentences: int
    handover_below: float


VERSIONS = {
    OLD: Version(OLD, prompt="p11", index="kb-274", modern=False, sentences=3, handover_below=0.2),
    NEW: Version(NEW, prompt="p14", index="kb-311", modern=True, sentences=3, handover_below=0.35),
}


@dataclass(frozen=True)
class Answer:
    """What the assistant said, what it rests on, and how sure it is."""

    content: str
    confidence: float
    documents: list[dict[str, str]]
    risk_level: str
    risk_tags: list[str]
    model: dict[str, str] = field(default_factory=dict)

    @property
    def handed_over(self) -> bool:
        return not self.documents


@dataclass(frozen=True)
class Find:
    """The best article for one question, and how sure the retrieval is of it."""

    question: str
    hit: Hit | None
    confidence: float


class Assistant:
    """Answers customers with one model version; the same question always gets the same answer."""

    def __init__(self, version: str = NEW) -> None:
        self.version = VERSIONS[version]

    def answer(self, messages: Sequence[Message], locale: str) -> Answer:
        """Answer the last message of a conversation."""
        language = language_of(messages[-1]["content"], locale) if self.version.modern else "en"
        finds = [self.find(question, language) for question in self.questions(messages)]
        sure = [find for find in finds if find.hit and find.confidence >= self.version.handover_below]
        articles = self.articles(sure)
        paragraphs = [self.paragraph(article, question) for article, question in articles]
        content = compose(paragraphs or [HANDOVER[language]], language)
        level, tags = assess_risk(messages[-1]["content"], content)
        return Answer(
            content=content,
            confidence=round(min(find.confidence for find in (sure or finds)), 3),
            documents=[document(article) for article, _ in articles],
            risk_level=level,
            risk_tags=tags,
            model=self.model,
        )

    @property
    def model(self) -> dict[str, str]:
        version = self.version
        return {
            "name": "support-bot",
            "version": version.version,
            "prompt": version.prompt,
            "index": version.index,
        }

    def questions(self, messages: Sequence[Message]) -> list[str]:
        """The questions to answer: the modern version splits, and looks back when little was said."""
        last = messages[-1]["content"]
        if not self.version.modern:
            return [last]
        parts = [part for part in split_questions(last) if len(tokens(part)) > 3] or [last]
        earlier = [message["content"] for message in messages[:-1] if message["role"] == "user"]
        if earlier and len(tokens(last)) < 10:
            return [" ".join([*earlier[-1:], last])]
        return parts

    def find(self, question: str, language: str) -> Find:
        """Look one question up."""
        words = stems(question, language) if self.version.modern else tokens(question)
        hits = index_of(self.version.version, language).search(words)
        return Find(question, hits[0] if hits else None, confidence_of(hits))

    def articles(self, finds: Sequence[Find]) -> list[tuple[Article, str]]:
        """The articles to answer from, each once, at most two."""
        handbook = load_handbook()
        by_id = {find.hit.id: find.question for find in reversed(finds) if find.hit}
        return [(handbook[key], question) for key, question in reversed(by_id.items())][:2]

    def paragraph(self, article: Article, question: str) -> str:
        version = self.version
        return extract(article, question, limit=version.sentences, keep_key=version.modern)


def confidence_of(hits: Sequence[Hit]) -> float:
    """A number between 0 and 1 from how much was matched, how strongly, and how clear the lead is."""
    if not hits:
        return 0.05
    best = hits[0]
    margin = 1 - hits[1].score / best.score if len(hits) > 1 else 1.0
    logit = 2.4 * best.coverage + 4.0 * margin + 0.4 * math.log1p(best.score) - 2.6
    return 1 / (1 + math.exp(-logit))


def document(article: Article) -> dict[str, str]:
    """An article as the contract shows a document to reviewers."""
    return {"id": article.id, "title": article.title, "text": article.text, "url": article.url}


@cache
def index_of(version: str, language: str) -> Index:
    """The search index that a version was released with: what was in the handbook on that day.

    The older build forgot to leave out what had expired. Neither knows what changed after its day.
    """
    built, modern = date.fromisoformat(version), VERSIONS[version].modern
    known = [a for a in load_handbook().values() if a.locale == language and a.valid_from <= built]
    if not modern:
        return Index({a.id: tokens(f"{a.title} {a.asked_as} {a.text}") for a in known})
    current = [a for a in known if a.expired_at is None or a.expired_at >= built]
    return Index({a.id: stems(f"{a.title} {a.title} {a.asked_as} {a.text}", language) for a in current})
