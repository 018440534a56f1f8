"""Okapi BM25 over a few hundred short texts, in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

K1 = 1.4
B = 0.3


@dataclass(frozen=True)
class Hit:
    """A text found, its score, and how much of the query's weight it covers (0..1)."""

    id: str
    score: float
    coverage: float


class Index:
    """An inverted index of tokenised texts, ranked by BM25."""

    def __init__(self, texts: Mapping[str, list[str]]) -> None:
        self.counts = {key: Counter(words) for key, words in texts.items()}
        self.lengths = {key: len(words) for key, words in texts.items()}
        self.average_length = sum(self.lengths.values()) / len(self.lengths)
        self.document_frequency = Counter(word for counts in self.counts.values() for word in counts)

    def search(self, query: Iterable[str], limit: int = 5) -> list[Hit]:
        """The best texts for a query; equal scores are ordered by id, so that runs repeat."""
        words = sorted(set(query))
        hits = (self.hit(key, words) for key in self.counts)
        found = [hit for hit in hits if hit.score > 0]
        return sorted(found, key=lambda hit: (-hit.score, hit.id))[:limit]

    def hit(self, key: str, words: list[str]) -> Hit:
        weight = sum(self.rarity(word) for word in words)
        matched = sum(self.rarity(word) for word in words if word in self.counts[key])
        score = sum(self.rarity(word) * self.saturation(key, word) for word in words)
        return Hit(key, score, matched / weight if weight else 0.0)

    def rarity(self, word: str) -> float:
        """Inverse document frequency: rare words say more."""
        frequency = self.document_frequency[word]
        return math.log(1 + (len(self.counts) - frequency + 0.5) / (frequency + 0.5))

    def saturation(self, key: str, word: str) -> float:
        """Repeating a word helps less each time, and less in a long text."""
        count = self.counts[key][word]
        norm = 1 - B + B * self.lengths[key] / self.average_length
        return count * (K1 + 1) / (count + K1 * norm)
