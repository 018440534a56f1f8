"""The shop's handbook: Markdown articles with a small front matter, in English and German."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent / "handbook"
KEY_SENTENCE = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])")


@dataclass(frozen=True)
class Article:
    """One answer the shop gives. `stake` is how bad a wrong answer on this subject is."""

    id: str
    title: str
    topic: str
    locale: str
    stake: str
    valid_from: date
    expired_at: date | None
    replaced_by: str | None
    translation_of: str | None
    asked_as: str
    text: str
    key_sentences: tuple[str, ...]

    @property
    def base_id(self) -> str:
        """The id of the English original: what two languages of one article share."""
        return self.translation_of or self.id

    @property
    def outdated(self) -> bool:
        return self.expired_at is not None

    @property
    def sentences(self) -> list[str]:
        return split_sentences(self.text)

    @property
    def url(self) -> str:
        return f"https://handbook.kranich-moor.example/{self.locale}/{self.base_id}"


def split_sentences(text: str) -> list[str]:
    """Cut a text into sentences; amounts such as 4.95 stay whole."""
    return [part for part in SENTENCE_END.split(text.strip()) if part]


@cache
def load_handbook() -> dict[str, Article]:
    """Every article by id, the outdated ones included."""
    articles = (read_article(path) for path in sorted(ROOT.glob("*/*.md")))
    return {article.id: article for article in articles}


def read_article(path: Path) -> Article:
    """Read one Markdown file: front matter between two lines of dashes, then the answer."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines() if line)
    marked = " ".join(body.split())
    return Article(
        id=fields["id"],
        title=fields["title"],
        topic=fields["topic"],
        locale=fields["locale"],
        stake=fields["stake"],
        valid_from=date.fromisoformat(fields["valid_from"]),
        expired_at=date.fromisoformat(fields["expired_at"]) if "expired_at" in fields else None,
        replaced_by=fields.get("replaced_by"),
        translation_of=fields.get("translation_of"),
        asked_as=fields.get("asked_as", ""),
        text=KEY_SENTENCE.sub(r"\1", marked),
        key_sentences=tuple(KEY_SENTENCE.findall(marked)),
    )


def article_in(base_id: str, locale: str) -> Article:
    """The current article on a subject in the customer's language, or the English one."""
    handbook = load_handbook()
    return handbook.get(f"{base_id}-{locale}") or handbook[base_id]


def topics() -> list[str]:
    """The subjects the handbook knows, and `other` for the rest."""
    return [*sorted({article.topic for article in load_handbook().values()}), "other"]
