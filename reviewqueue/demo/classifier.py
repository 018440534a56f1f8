"""A second AI source: names a message's topic, by naive Bayes from the handbook and half of the customers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from reviewqueue.demo.customers import Customer, load_customers
from reviewqueue.demo.handbook import load_handbook, topics
from reviewqueue.demo.words import ENGLISH_STOPWORDS, GERMAN_STOPWORDS, stems, tokens

VERSION = "2026-10-02"
SMOOTHING = 0.3
TEMPERATURE = 1.5  # naive Bayes is too sure of itself; this spreads its probabilities
LABELS = tuple(topics())


@dataclass(frozen=True)
class Classification:
    """The chosen topic, every topic's probability, and the probability of the chosen one."""

    label: str
    scores: dict[str, float]
    confidence: float


@dataclass
class Classifier:
    """Multinomial naive Bayes over word stems."""

    words: dict[str, Counter[str]] = field(default_factory=lambda: {label: Counter() for label in LABELS})
    seen: Counter[str] = field(default_factory=Counter)

    @classmethod
    def trained(cls) -> Classifier:
        """A classifier that has read the current handbook and its half of the customers."""
        current = [article for article in load_handbook().values() if not article.outdated]
        classifier = cls()
        classifier.train((article.topic, f"{article.title} {article.asked_as}") for article in current)
        classifier.train((one.topic, one.question) for one in load_customers() if is_training(one))
        return classifier

    def train(self, examples: Iterable[tuple[str, str]]) -> None:
        """Count the words of each topic."""
        for topic, text in examples:
            self.words[topic].update(features(text))
            self.seen[topic] += 1

    def classify(self, text: str) -> Classification:
        """The most probable topic of a text."""
        scores = probabilities({label: self.log_likelihood(label, text) for label in LABELS})
        label = max(LABELS, key=scores.__getitem__)
        return Classification(label, scores, scores[label])

    def log_likelihood(self, label: str, text: str) -> float:
        counts = self.words[label]
        total = counts.total() + SMOOTHING * self.vocabulary_size
        prior = math.log((self.seen[label] + 1) / (self.seen.total() + len(LABELS)))
        return prior + sum(math.log((counts[word] + SMOOTHING) / total) for word in features(text))

    @cached_property
    def vocabulary_size(self) -> int:
        return len(set().union(*self.words.values())) + 1


def is_training(customer: Customer) -> bool:
    """Every second customer is for training; the others are new to the classifier."""
    return int(customer.id[1:]) % 2 == 0


def unseen_customers() -> list[Customer]:
    """The customers that the classifier was not trained on."""
    return [customer for customer in load_customers() if not is_training(customer)]


def features(text: str) -> list[str]:
    """Stems by both languages' rules, so that one model serves both."""
    small = ENGLISH_STOPWORDS | GERMAN_STOPWORDS
    words = " ".join(word for word in tokens(text) if word not in small)
    return sorted({*stems(words, "en"), *stems(words, "de")})


def probabilities(logs: dict[str, float]) -> dict[str, float]:
    """Softmax with a temperature, rounded for people."""
    top = max(logs.values())
    weights = {label: math.exp((value - top) / TEMPERATURE) for label, value in logs.items()}
    total = sum(weights.values())
    return {label: round(weight / total, 4) for label, weight in weights.items()}
