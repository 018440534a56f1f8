"""Who writes when: a calm week at 50 a day, then a carrier's strike and 2,000 on one day."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from reviewqueue.demo.assistant import NEW, OLD, Answer, Assistant
from reviewqueue.demo.customers import Customer, load_customers

SEED = 20261123
CALM_DAYS, CALM_VOLUME, STRIKE_VOLUME = 7, 50, 2000
#: Share of a day's messages in each of its twelve hours.
PROFILE = (3, 5.5, 9.5, 12, 12.5, 13, 12, 10.5, 8.5, 6.5, 4.5, 2.5)
#: How much of the strike day has passed when the demo begins.
PASSED = timedelta(hours=3, minutes=40)
STRIKE_SHARE = 0.66
TICK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message, the answer it got, and when."""

    at: datetime
    number: int
    customer: Customer
    answer: Answer

    @property
    def external_id(self) -> str:
        """The conversation and the turn; the same each time the story is told."""
        turn = (len(self.customer.messages) + 1) // 2
        return f"conv-{8000 + self.number}:turn-{turn}"


def arrivals(*, base: datetime) -> list[Arrival]:
    """Return every message of the story up to ``base`` (the moment the demo begins), oldest first."""
    chance = random.Random(SEED)  # noqa: S311 - a story, not a secret
    moments = [*_calm(base, chance), *_strike(base, chance)]
    return [
        Arrival(at, number, customer, _answer(version, customer.id))
        for number, (at, customer, version) in enumerate(moments)
    ]


def ticks(whole: list[Arrival]) -> Iterator[tuple[datetime, list[Arrival]]]:
    """Yield the story in steps of two minutes: the step's end, and the messages that came in it."""
    position = 0
    while position < len(whole):
        end = whole[position].at + TICK
        step = [one for one in whole[position : position + 200] if one.at < end]
        position += len(step)
        yield end, step


def _calm(base: datetime, chance: random.Random) -> Iterator[tuple[datetime, Customer, str]]:
    usual = [one for one in load_customers() if "delivery-strike" not in one.expected]
    for day in range(CALM_DAYS, 0, -1):
        start = base - PASSED - timedelta(days=day)
        older = 0.6 if day > 3 else 0.2
        for at in _moments(start, CALM_VOLUME, chance):
            yield at, chance.choice(usual), _version(chance, older)


def _strike(base: datetime, chance: random.Random) -> Iterator[tuple[datetime, Customer, str]]:
    delayed = [one for one in load_customers() if one.delayed]
    for at in _moments(base - PASSED, STRIKE_VOLUME, chance):
        if at < base - TICK:
            pool = delayed if chance.random() < STRIKE_SHARE else load_customers()
            yield at, chance.choice(pool), _version(chance, 0.15)


def _moments(start: datetime, volume: int, chance: random.Random) -> list[datetime]:
    hours = chance.choices(range(len(PROFILE)), weights=PROFILE, k=volume)
    return sorted(start + timedelta(hours=hour, seconds=chance.random() * 3600) for hour in hours)


def _version(chance: random.Random, older: float) -> str:
    return OLD if chance.random() < older else NEW


@cache
def _answer(version: str, customer_id: str) -> Answer:
    customer = _customers()[customer_id]
    return Assistant(version).answer(customer.messages, customer.locale)


@cache
def _customers() -> dict[str, Customer]:
    return {one.id: one for one in load_customers()}
