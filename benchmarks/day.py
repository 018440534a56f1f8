"""A simulated day: forty reviewers and twenty thousand items that come in two waves, by the product's own verbs.

Time is a moved clock; everything else is real: items are submitted, triaged by a policy in force, claimed in the
order of their ranks by whoever is free, and reviewed. How many promises are missed is compared with a dispatcher that
knew the day beforehand (`dispatch`).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from benchmarks import dispatch, loading
from benchmarks.dispatch import Job, Person
from benchmarks.running import scaled
from reviewqueue import pipeline
from reviewqueue.accounts.actions import add_member, create_workspace
from reviewqueue.accounts.models import Membership
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.strictjson import read
from reviewqueue.intake.models import Source
from reviewqueue.intake.rules import submission
from reviewqueue.queues.actions import create_queue, join_queue
from reviewqueue.queues.models import Queue
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import activate_policy, take_pending
from reviewqueue.triage.models import QueueEntry

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = 3600
TICK = 30  # seconds: what comes within them is triaged together
PEOPLE, ITEMS = 40, 20_000
FEWEST = 20  # people so that somebody with each skill is there at any time
APPROVE = Judgement(decision="approve")


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of work: how much of it there is, what it asks of people, its promise, and how long it takes."""

    name: str
    share: float
    skills: tuple[str, ...]
    language: str
    due_minutes: int
    seconds: float
    risk: str = "low"


#: As much work as the people can do in their hours, and half as much again in the waves.
TOPICS = (
    Topic("delivery", 0.40, (), "", 240, 43),
    Topic("refund", 0.22, ("refund",), "", 120, 55),
    Topic("german", 0.15, (), "de", 120, 49, "medium"),
    Topic("complaint", 0.10, (), "", 45, 68, "high"),
    Topic("legal", 0.07, ("legal",), "", 60, 86, "medium"),
    Topic("medical", 0.06, ("medical",), "", 60, 86, "high"),
)
#: Begin, end, and how many of ten work then; half an hour's break is in the middle.
SHIFTS = ((0, 8, 4), (2, 10, 4), (4, 12, 2))


def lines() -> Iterator[dict]:
    """Yield the one line: the share of the promises that could be kept which were missed."""
    people, items = draw_people(scaled(PEOPLE, least=FEWEST)), scaled(ITEMS, least=100)
    arrivals = draw_items(items, seed=1, slower=as_busy(len(people), items))
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")  # how long it takes is not what is measured
    told = day_of(people, arrivals)
    yield {
        "name": "day",
        "value": round(told.avoidable, 4),
        "unit": "share of the promises that could be kept",
        "floor": round(told.unavoidable, 4),
        "floor_is": "share of all promises that a dispatcher misses who knew the day beforehand",
        "ratio": round(1 - told.avoidable, 4),
        "missed": round(told.missed, 4),
        "people": len(people),
        "n": items,
    }


# --- the day, as it is drawn -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """An item that will come: when, about what, and how long it will take whoever gets it, in seconds."""

    at: float
    topic: Topic
    seconds: float


def draw_people(count: int) -> list[Person]:
    """Return people of different skills in three shifts."""
    return [_person(number) for number in range(count)]


def _person(number: int) -> Person:
    skills = {"refund"} if number % 2 else set()
    skills |= {"legal"} if number % 4 in {0, 1} else {"medical"} if number % 4 == 3 else set()
    shift = next(one for one in range(3) if number % 10 < sum(size for _begin, _end, size in SHIFTS[: one + 1]))
    begin, end, _size = SHIFTS[shift]
    middle = (begin + end) / 2
    works = ((begin * HOUR, middle * HOUR), ((middle + 0.5) * HOUR, end * HOUR))
    return Person(frozenset(skills), frozenset({"de"} if number % 3 == 0 else ()), works)


def as_busy(people: int, items: int) -> float:
    """Return how much longer each of fewer items takes, so that the people are as busy as in the full day."""
    return min(5.0, (people / PEOPLE) / (items / ITEMS))


def draw_items(count: int, *, seed: int, slower: float = 1.0) -> list[Arrival]:
    """Return the items of a day with a wave in the morning and one in the afternoon, in the order of their coming."""
    draw = random.Random(seed)
    found = []
    for _number in range(count):
        (topic,) = draw.choices(TOPICS, weights=[one.share for one in TOPICS])
        at = min(max(_moment(draw), 0.0), 11.5 * HOUR)
        seconds = min(draw.lognormvariate(0, 0.6) * topic.seconds / 1.197, 900.0) * slower  # the mean is the topic's
        found.append(Arrival(at - at % -TICK, topic, seconds))
    return sorted(found, key=lambda one: one.at)


def _moment(draw: random.Random) -> float:
    wave = draw.random()
    if wave < 0.35:
        return draw.gauss(2 * HOUR, 0.85 * HOUR)
    return draw.gauss(6.5 * HOUR, HOUR) if wave < 0.65 else draw.uniform(0, 11.5 * HOUR)


# --- the day, as it goes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the promises, as shares."""

    avoidable: float
    unavoidable: float
    missed: float


def day_of(people: Sequence[Person], arrivals: Sequence[Arrival]) -> Told:
    """Live through a day, and compare it with the best that could have been done."""
    office = _Office.open(people)
    done = _Day(office, arrivals).lived()
    jobs = _jobs(arrivals, done)
    kept = {job.number for job in jobs if done.ended.get(job.number, float("inf")) <= job.due}
    possible = dispatch.kept_by_the_best(jobs, people)
    n = len(jobs)
    return Told(dispatch.share_avoidable(kept, possible), 1 - len(possible) / n, 1 - len(kept) / n)


@dataclass(slots=True)
class _Done:
    items: dict[UUID, int] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)


def _jobs(arrivals: Sequence[Arrival], done: _Done) -> list[Job]:
    """Return the items with the promises that the product made."""
    due = dict(QueueEntry.objects.filter(item_id__in=done.items).values_list("item_id", "due_at"))
    return [
        Job(
            number,
            arrivals[number].at,
            (due[item_id] - MORNING).total_seconds(),
            arrivals[number].seconds,
            (frozenset(arrivals[number].topic.skills), arrivals[number].topic.language),
        )
        for item_id, number in done.items.items()
    ]


@dataclass(frozen=True, slots=True)
class _Office:
    people: Sequence[Person]
    members: list[Membership]
    queues: list[Queue]
    source: Source

    @classmethod
    def open(cls, people: Sequence[Person]) -> "_Office":
        """Set up a workspace by the product's own verbs: queues, people, and a policy with a rule for each topic."""
        workspace = create_workspace(slug="day", name="Day", now=MORNING)
        source = Source.objects.create(workspace=workspace, slug="bot", name="Bot", created_at=MORNING)
        names = [one.name for one in TOPICS if one.name != "complaint"]
        who: dict[str, Any] = {"by": SYSTEM, "now": MORNING}
        queues = [
            create_queue(workspace_id=workspace.pk, slug=name, name=name, lease_seconds=3600, **who) for name in names
        ]
        rules = [_rule(topic, queues[min(number, len(queues) - 1)]) for number, topic in enumerate(TOPICS)]
        activate_policy(
            workspace_id=workspace.pk,
            rules=rules,
            audit_rate=0.0,
            audit_queue=queues[0],
            by=None,
            actor=SYSTEM,
            now=MORNING,
        )
        members = [_member(source, number, one, queues) for number, one in enumerate(people)]
        return cls(people, members, queues, source)


def _rule(topic: Topic, queue: Queue) -> dict[str, Any]:
    return {
        "name": topic.name,
        "conditions": [{"field": "attribute", "name": "topic", "op": "is", "value": topic.name}],
        "queue": queue,
        "urgency": "high" if topic.name == "complaint" else "normal",
        "due_minutes": topic.due_minutes,
        "required_skills": list(topic.skills),
        "language": topic.language,
    }


def _member(source: Source, number: int, person: Person, queues: Sequence[Queue]) -> Membership:
    email = f"person-{number}@day.localhost"
    member = add_member(
        workspace=source.workspace, email=email, name=email, role="reviewer", password=None, by=SYSTEM, now=MORNING
    )
    member.skills, member.languages = sorted(person.skills), sorted(person.languages)
    member.save(update_fields=["skills", "languages"])
    for queue in queues:
        join_queue(queue=queue, user=member.user, by=SYSTEM, now=MORNING)
    return member


class _Day:
    """What happens, one moment after the other: items come, reviews are finished, whoever is free claims."""

    def __init__(self, office: _Office, arrivals: Sequence[Arrival]) -> None:
        self.office, self.arrivals = office, arrivals
        self.coming: dict[float, list[int]] = {}
        for number, one in enumerate(arrivals):
            self.coming.setdefault(one.at, []).append(number)
        self.done, self.draw = _Done(), random.Random(2)
        self.idle: set[int] = set()
        self.busy: set[int] = set()
        #: when, 0 for items that come, 1 for who begins to work, 2 for who is done; then number and turn
        self.events: list[tuple[float, int, int, Any]] = []

    def lived(self) -> _Done:
        """Live through the day; return when each item was done."""
        self.events = [(at, 0, 0, None) for at in self.coming]
        self.events += [(begin, 1, n, None) for n, one in enumerate(self.office.people) for begin, _end in one.works]
        heapify(self.events)
        while self.events:
            self._moment(self.events[0][0])
        return self.done

    def _moment(self, at: float) -> None:
        came, free = False, []
        while self.events and self.events[0][0] == at:
            _at, kind, number, turn = heappop(self.events)
            if kind == 0:
                self._come(at)
                came = True
            else:
                if kind == 2:
                    self._finish(at, number, turn)
                free.append(number)
        people = self.office.people
        self.idle |= {number for number in free if number not in self.busy}
        self.idle = {number for number in self.idle if people[number].is_here(at)}
        asking = sorted(self.idle if came else self.idle.intersection(free))
        self.draw.shuffle(asking)
        self._claim(at, asking)

    def _come(self, at: float) -> None:
        workspace, source = self.office.source.workspace, self.office.source
        secret, now = bytes(workspace.secret), _clock(at)
        numbers = self.coming[at]
        given = [submission(read(_text(number, self.arrivals[number])), secret=secret, now=now) for number in numbers]
        received = pipeline.submit_items(
            workspace=workspace, submissions=given, sources={source.slug: source}, by=SYSTEM, now=now
        )
        self.done.items |= {one.id: number for one, number in zip(received, numbers, strict=True)}
        while taken := take_pending(now=now):
            pipeline.triage_items(taken=taken, now=now)

    def _claim(self, at: float, asking: Sequence[int]) -> None:
        """Let people claim; who can do no more than another who got nothing need not ask."""
        refused: set[tuple[frozenset[str], frozenset[str]]] = set()
        for number in asking:
            person, member = self.office.people[number], self.office.members[number]
            if (person.skills, person.languages) in refused:
                continue
            turn = pipeline.claim_next(membership=member, queues=self.office.queues, now=_clock(at))
            if turn is None:
                refused.add((person.skills, person.languages))
                continue
            self.idle.discard(number)
            self.busy.add(number)
            seconds = self.arrivals[self.done.items[turn.assignment.item_id]].seconds
            heappush(self.events, (at + seconds, 2, number, turn))

    def _finish(self, at: float, number: int, turn: Any) -> None:
        member = self.office.members[number]
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=member.user, judgement=APPROVE, now=_clock(at)
        )
        self.busy.discard(number)
        self.done.ended[self.done.items[turn.assignment.item_id]] = at


def _clock(at: float) -> datetime:
    return MORNING + timedelta(seconds=at)


def _text(number: int, one: Arrival) -> str:
    document = {
        "external_id": f"day-{number}",
        "source": "bot",
        "model": loading.MODEL,
        "kind": "chat",
        "input": {"messages": [{"role": "user", "content": f"About {one.topic.name}, please."}]},
        "output": {"content": f"We take care of your {one.topic.name}."},
        "confidence": 0.5,
        "risk": {"level": one.topic.risk, "tags": [one.topic.name]},
        "attributes": {"topic": one.topic.name},
    }
    return orjson.dumps(document).decode()
