"""How items stand in their lines at this moment, and what of that keeps a lead from moving them about."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reviewqueue.accounts.access import can
from reviewqueue.accounts.models import Membership, User
from reviewqueue.intake.models import Gate
from reviewqueue.queues.models import Queue, QueueMember
from reviewqueue.triage.models import QueueEntry

from .eligibility import members_who
from .models import Assignment, BulkAction, Exclusion, Hold, Slot

Verb = BulkAction.Verb
#: How far from its ordinary place a lead may move an item, in minutes: bounded, so that all work comes to its turn.
FURTHEST_AHEAD = 24 * 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What a lead asks for: the verb, and what that verb needs."""

    verb: str
    queue: Queue | None = None
    to: User | None = None
    minutes: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One item in its line: its stay, who has it in hand, and what else holds it there."""

    entry: QueueEntry
    kind: str
    turns: tuple[Assignment, ...]
    hold: Hold | None
    an_ai_system_waits: bool
    not_for: frozenset[UUID]


def standings(item_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return how those of these items stand that wait for people; read in a few statements, however many they are."""
    entries = QueueEntry.objects.filter(item_id__in=item_ids, ended_at=None).select_related("queue", "item")
    by_item = {one.item_id: one for one in entries}
    stays = [one.pk for one in by_item.values()]
    kinds = dict(Slot.objects.filter(entry_id__in=stays, closed_at=None).values_list("entry_id", "kind"))
    turns = _by_entry(Assignment.objects.filter(entry_id__in=stays, ended_at=None).select_related("user", "slot"))
    holds = {one.entry_id: one for one in Hold.objects.filter(entry_id__in=stays, ended_at=None)}
    gates = set(Gate.objects.filter(item_id__in=by_item, closed_at=None).values_list("item_id", flat=True))
    had = _not_for(by_item)
    return {
        item_id: Standing(
            entry=entry,
            kind=kinds.get(entry.pk, Slot.Kind.REVIEW),
            turns=tuple(turns[entry.pk]),
            hold=holds.get(entry.pk),
            an_ai_system_waits=item_id in gates,
            not_for=frozenset(had[item_id]),
        )
        for item_id, entry in by_item.items()
    }


def _by_entry(turns: Iterable[Assignment]) -> Mapping[UUID, list[Assignment]]:
    found: defaultdict[UUID, list[Assignment]] = defaultdict(list)
    for one in turns:
        found[one.entry_id].append(one)
    return found


def _not_for(item_ids: Collection[UUID]) -> Mapping[UUID, set[UUID]]:
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for item_id, user_id in Exclusion.objects.filter(item_id__in=item_ids).values_list("item_id", "user_id"):
        found[item_id].add(user_id)
    return found


@dataclass(frozen=True, slots=True)
class People:
    """Those whom a request is about: who takes from the queue asked for, and what the person asked for may do."""

    takers: Mapping[UUID, frozenset[str]] = field(default_factory=dict)  # their languages
    to_reviews: bool = False
    to_leads: bool = False


def people_of(asked: Asked, *, workspace_id: UUID) -> People:
    """Return the people whom a request is about, read once for all of its items."""
    if asked.verb == Verb.MOVE and asked.queue:
        member_ids = QueueMember.objects.filter(queue=asked.queue, ended_at=None).values("user_id")
        takers = members_who("review", workspace_id).filter(user_id__in=member_ids)
        return People(takers={one.user_id: frozenset(one.languages) for one in takers})
    if asked.verb == Verb.REASSIGN and asked.to:
        here = Membership.objects.filter(workspace_id=workspace_id, user=asked.to, ended_at=None).first()
        role = here.role if here and asked.to.deactivated_at is None else ""
        return People(to_reviews=can(role, "review"), to_leads=can(role, "lead"))
    return People()


def obstacle(asked: Asked, standing: Standing | None, people: People) -> str:
    """Return in one word what keeps an item from what is asked, or nothing."""
    if standing is None:
        return "gone"
    if standing.an_ai_system_waits and asked.verb in (Verb.RAISE, Verb.LOWER, Verb.HOLD):
        return "waited_for"
    if standing.kind == Slot.Kind.ADJUDICATION and asked.verb in (Verb.HOLD, Verb.MOVE):
        return "with_a_lead"
    if asked.verb in (Verb.RAISE, Verb.LOWER):
        furthest = FURTHEST_AHEAD if asked.verb == Verb.RAISE else -FURTHEST_AHEAD
        return "at_the_end" if standing.entry.ahead_minutes == furthest else ""
    return _OTHERS[Verb(asked.verb)](asked, standing, people)


def _hold(asked: Asked, standing: Standing, people: People) -> str:
    if standing.hold:
        return "on_hold"
    return "in_hand" if standing.turns else ""


def _release(asked: Asked, standing: Standing, people: People) -> str:
    return "" if standing.hold else "not_on_hold"


def _move(asked: Asked, standing: Standing, people: People) -> str:
    assert asked.queue is not None
    if standing.hold:
        return "on_hold"
    if standing.entry.queue_id == asked.queue.pk:
        return "there_already"
    wanted = 1 if standing.kind == Slot.Kind.APPEAL else asked.queue.reviews_required
    language = standing.entry.language
    left = [user for user, spoken in people.takers.items() if not language or language in spoken]
    return "" if len(set(left) - standing.not_for) >= wanted else "nobody_there"


def _reassign(asked: Asked, standing: Standing, people: People) -> str:
    assert asked.to is not None
    holders = {one.user_id for one in standing.turns}
    if asked.to.pk in holders:
        return "theirs_already"
    if standing.hold:
        return "on_hold"
    if len(holders) > 1:
        return "several"
    if standing.kind == Slot.Kind.ADJUDICATION:
        return "" if people.to_leads else "not_for_them"
    return "" if people.to_reviews and asked.to.pk not in standing.not_for else "not_for_them"


_OTHERS = {Verb.HOLD: _hold, Verb.RELEASE_HOLD: _release, Verb.MOVE: _move, Verb.REASSIGN: _reassign}
