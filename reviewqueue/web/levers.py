"""The board's three levers: what each proposes, and what the day would be with it. Pulling them is pulling.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership, Role
from reviewqueue.assignment.models import Slot
from reviewqueue.metrics.queries.levers import (
    due_steps,
    queue_members,
    seen_since,
    unowned_classes,
    unowned_slots,
    who_could_help,
)
from reviewqueue.metrics.rules import (
    BoardNow,
    Change,
    Passing,
    Prediction,
    QueueNow,
    Seen,
    both,
    kept_shares,
    pass_rule,
    people_needed,
    predict,
    proposals,
    rules_with,
)
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.queries import current_policy

from .charts import cell_bar
from .parameters import fraction, identifier, whole
from .words import clock, number, share

CONFIDENCE, RATE, BORROWED, MOST_OWNED = 0.85, 0.1, 3, 200
#: In so many of the latest queues help is tried out for the proposal.
TRIED = 2


@dataclass
class Desk:
    """What every lever works from, read once a page."""

    viewer: Viewer
    board: BoardNow
    before: Prediction
    policy: RoutingPolicy | None
    rules: list[RoutingRule]
    seen: list[Seen]
    colleagues: list[Membership]
    members: dict[UUID, set[UUID]]

    @classmethod
    def of(cls, viewer: Viewer, board: BoardNow, before: Prediction) -> "Desk":
        """Read what the levers need."""
        policy = current_policy(viewer.workspace_id)
        rules = sorted(policy.rules.all(), key=lambda rule: rule.position) if policy else []
        seen = seen_since(viewer=viewer, since=board.day.start) if policy else []
        return cls(viewer, board, before, policy, rules, seen, list(who_could_help(viewer)), queue_members(viewer))

    @cached_property
    def usual_rule(self) -> "Lever":
        """The rule that is proposed when nobody has chosen another: a page asks for it several times."""
        return a_rule(self, {})

    @property
    def now(self) -> datetime:
        """The moment everything on the page was counted."""
        return self.board.day.now


@dataclass(slots=True)
class Lever:
    """One lever as proposed: words, the change it makes to the arithmetic, and what its form offers."""

    kind: str
    title: str
    icon: str
    sentence: str
    possible: bool = True
    change: Change = field(default_factory=Change)
    after: Prediction | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    doing: Any = None


# --- a rule -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewRule:
    """A policy's next version as a lever would write it."""

    passing: Passing
    rules: Sequence[RoutingRule]
    name: str


def the_rule(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    """Return the rule that was asked for, or the usual one."""
    return a_rule(desk, asked) if asked else desk.usual_rule


def a_rule(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    """Propose to pass one group's confident answers; without a choice, the group that saves most late items."""
    lever = Lever("rule", _("A rule"), "route", _("No group of confident answers is large enough for a rule."), False)
    confidence = fraction(asked.get("confidence"), CONFIDENCE, least=0.5)
    rate = fraction(asked.get("rate"), 100 * RATE, most=100) / 100
    groups = proposals(desk.seen, confidence=confidence, rate=rate)
    lever.fields = {
        "groups": [(one.key, group_words(one)) for one in groups],
        "confidence": confidence,
        "rate": 100 * rate,
    }
    if not groups or desk.policy is None:
        return lever
    chosen = next((one for one in groups if one.key == asked.get("group")), None)
    passing = chosen or max(groups, key=lambda one: _saved(desk, one))
    lever.fields["group"] = passing.key
    lever.doing = _new_rule(desk, passing)
    kept = kept_shares(policy=desk.policy, rules=lever.doing.rules, seen=desk.seen)
    lever.possible, lever.change = True, Change(kept=kept)
    lever.sentence = _(
        "Pass %(group)s answers with confidence %(confidence)s or more; still review %(rate)s of them at random."
    ) % {
        "group": group_words(passing),
        "confidence": f"{passing.confidence:.2f}",
        "rate": share(passing.rate, 1),
    }
    return lever


def group_words(passing: Passing) -> str:
    """Name a group of items."""
    return passing.value if passing.field == "risk_tags" else f"{passing.name} {passing.value}"


def _new_rule(desk: Desk, passing: Passing) -> NewRule:
    name = _("Pass confident %(group)s answers") % {"group": group_words(passing)}
    return NewRule(passing, rules_with(desk.rules, pass_rule(passing, name=name), desk.seen), name)


def _saved(desk: Desk, passing: Passing) -> float:
    """Return how much of what will be late a rule takes away, roughly: enough to choose a group by."""
    assert desk.policy is not None
    kept = kept_shares(policy=desk.policy, rules=_new_rule(desk, passing).rules, seen=desk.seen)
    return sum((1 - kept.get(one.id, 1.0)) * desk.before.queues[one.id].late for one in desk.board.queues)


def _rule_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    new, kept = lever.doing, lever.change.kept
    position = next(place for place, rule in enumerate(new.rules, start=1) if rule.policy_id is None)
    facts = [
        (
            _("Where it stands"),
            _("rule %(n)s of the next policy version; the rules before it are as they were") % {"n": position},
        ),
        (_("Applies to"), _("new items only; what waits already goes on waiting")),
    ]
    for queue in desk.board.queues:
        if kept.get(queue.id, 1.0) < 0.995:
            words = _("%(share)s of its new items would still need a person") % {"share": share(kept[queue.id], 1)}
            facts.append((queue.name, words))
    return facts


# --- people -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Joining:
    """Members who would take items from one more queue."""

    queue: QueueNow
    people: Sequence[Membership]


def people(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    """Propose to let others help in one queue; without a choice, whoever saves most late items beside the rule."""
    lever = Lever("people", _("People"), "people", _("There is no queue yet."), False)
    if not desk.board.queues:
        return lever
    queue, chosen = _asked_to_help(desk, asked) or _best_help(desk)
    free = _free_for(desk, queue)
    lever.fields = {
        "queues": [(one.slug, one.name) for one in desk.board.queues],
        "help": queue.slug,
        "people": [(one, one in chosen, _serves(desk, one)) for one in free],
    }
    if not chosen:
        everybody = (
            _("Everybody who reviews is in %(queue)s already.")
            if not free
            else _("Choose who could help in %(queue)s.")
        )
        lever.sentence = everybody % {"queue": queue.name}
        return lever
    lever.possible, lever.doing = True, Joining(queue, chosen)
    lever.change = _joining(queue, chosen)
    lever.sentence = _("Let %(names)s help in %(queue)s from now on.") % {
        "names": ", ".join(one.user.name for one in chosen),
        "queue": queue.name,
    }
    return lever


def _free_for(desk: Desk, queue: QueueNow) -> list[Membership]:
    """Return who is no member of a queue: reviewers before leads, first those who are not at work."""
    serving = desk.members.get(queue.id, set())
    others = [one for one in desk.colleagues if one.user_id not in serving and one.role != Role.ADMIN]
    return sorted(
        others, key=lambda one: (one.role != Role.REVIEWER, one.user_id in desk.board.crew.people, one.user.name)
    )


def _asked_to_help(desk: Desk, asked: Mapping[str, Any]) -> tuple[QueueNow, list[Membership]] | None:
    queue = next((one for one in desk.board.queues if one.slug == asked.get("help")), None)
    if queue is None or not isinstance(asked, QueryDict):
        return None
    wanted = {identifier(text) for text in asked.getlist("person")}
    return queue, [one for one in _free_for(desk, queue) if one.user_id in wanted]


def _best_help(desk: Desk) -> tuple[QueueNow, list[Membership]]:
    """Return the queue and the reviewers with whom least would be late, the proposed rule being in force too."""
    worst = sorted(desk.board.queues, key=lambda one: (-desk.before.queues[one.id].late, -one.count))
    options = [(queue, _reviewers(desk, queue)[:count]) for queue in worst[:TRIED] for count in (1, BORROWED)]
    options = [(queue, chosen) for queue, chosen in options if chosen]
    if not options or not desk.before.late:
        return worst[0], options[0][1] if options else []
    rule = desk.usual_rule.change
    return min(options, key=lambda option: predict(desk.board, both(rule, _joining(*option))).late)


def _reviewers(desk: Desk, queue: QueueNow) -> list[Membership]:
    return [one for one in _free_for(desk, queue) if one.role == Role.REVIEWER]


def _joining(queue: QueueNow, chosen: Sequence[Membership]) -> Change:
    return Change(joining={one.user_id: frozenset({queue.id}) for one in chosen})


def _serves(desk: Desk, member: Membership) -> str:
    queues = desk.board.crew.people.get(member.user_id, frozenset())
    names = [one.name for one in desk.board.queues if one.id in queues]
    return _("serves %(queues)s") % {"queues": ", ".join(names)} if names else _("not at work now")


def _people_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    queue = next(one for one in desk.board.queues if one.slug == lever.fields["help"])
    needed = people_needed(desk.board, queue.id)
    if needed is None:
        words = _("more than 64 people")
    else:
        words = (
            ngettext("one more person", "%(n)s more people", needed) % {"n": needed} if needed else _("nobody more")
        )
    return [
        (_("To keep every promise in %(queue)s") % {"queue": queue.name}, words),
        (_("What they do now"), _("they take the most urgent from all of their queues")),
    ]


# --- an owner -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owning:
    """Waiting items that one person would take as their own."""

    to: Membership
    slots: Sequence[Slot]


#: The class of escalated items; every other class is a risk tag.
QUESTIONS = ":questions"


def an_owner(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    """Propose to give a class of items that nobody owns to one person, as many as they can do in time."""
    lever = Lever(
        "owner",
        _("An owner"),
        "fork",
        _("Nothing that waits is of a class that could be given to one person."),
        False,
    )
    classes = _classes(desk)
    owners = _owners(desk)
    if not classes or not owners:
        return lever
    tag = asked.get("tag") if asked.get("tag") in dict(classes) else classes[0][0]
    to = next((one for one in owners if one.user_id == identifier(asked.get("to"))), owners[0])
    slots = _of_class(desk, str(tag), MOST_OWNED)
    count = whole(asked.get("count"), _in_time(desk, slots), least=1, most=MOST_OWNED)
    slots = slots[:count]
    lever.fields = {
        "classes": classes,
        "tag": tag,
        "owners": owners,
        "to": to.user_id,
        "count": count,
        "most": MOST_OWNED,
    }
    lever.possible, lever.doing = bool(slots), Owning(to, slots)
    lever.change = Change(owned=due_steps(slots, desk.now), owner=to.user_id)
    words = ngettext(
        "Give %(name)s one waiting item: %(group)s. Nobody owns it now.",
        "Give %(name)s the first %(n)s waiting items: %(group)s. Nobody owns them now.",
        len(slots),
    )
    lever.sentence = words % {"name": to.user.name, "n": number(len(slots)), "group": class_words(str(tag))}
    return lever


def _in_time(desk: Desk, slots: Sequence[Slot]) -> int:
    """Return how many of these items one person can do before they are due (a few at least)."""
    each = timedelta(hours=1 / desk.board.crew.pace)
    for place, slot in enumerate(slots, start=1):
        if desk.now + place * each > slot.entry.due_at > desk.now:
            return max(place - 1, 5)
    return max(len(slots), 1)


def _owner_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    pace = number(desk.board.crew.pace)
    return [
        (_("Until when"), _("24 hours; what is not done by then goes back to everybody")),
        (_("What the person does now"), _("only these, at everybody's pace of %(pace)s an hour") % {"pace": pace}),
    ]


def _classes(desk: Desk) -> list[tuple[str, str]]:
    found = unowned_classes(queue_ids=[one.id for one in desk.board.queues])
    questions = (
        [(QUESTIONS, f"{class_words(QUESTIONS)} ({desk.board.open_questions})")] if desk.board.open_questions else []
    )
    return [*((one.tag, f"{one.tag} ({number(one.count)})") for one in found), *questions]


def class_words(tag: str) -> str:
    """Name a class of waiting items."""
    return _("questions to a lead") if tag == QUESTIONS else tag


def _owners(desk: Desk) -> list[Membership]:
    """Return who could own a class: leads first, then those not at work."""
    return sorted(
        desk.colleagues,
        key=lambda one: (one.role != Role.LEAD, one.role == Role.ADMIN, one.user_id in desk.board.crew.people),
    )


def _of_class(desk: Desk, tag: str, count: int) -> list[Slot]:
    queue_ids = [one.id for one in desk.board.queues]
    if tag == QUESTIONS:
        return list(unowned_slots(desk.viewer, queue_ids=queue_ids).filter(kind=Slot.Kind.ADJUDICATION)[:count])
    return list(unowned_slots(desk.viewer, tag=tag, queue_ids=queue_ids).filter(kind=Slot.Kind.REVIEW)[:count])


# --- on the board -------------------------------------------------------------------------------------------------

PROPOSALS = {"rule": the_rule, "people": people, "owner": an_owner}


_FACTS = {"rule": _rule_facts, "people": _people_facts, "owner": _owner_facts}


def facts_of(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    """Return what one should know before pulling a lever, as (name, words)."""
    return _FACTS[lever.kind](desk, lever) if lever.fields and (lever.possible or lever.kind == "people") else []


def proposed(desk: Desk, kind: str, asked: Mapping[str, Any]) -> Lever:
    """Return a lever with its effect worked out."""
    lever = PROPOSALS[kind](desk, asked)
    if lever.possible:
        lever.after = predict(desk.board, lever.change)
    return lever


def combined(desk: Desk, every: Sequence[Lever]) -> Prediction:
    """Return the day with every possible lever pulled."""
    change = Change()
    for lever in every:
        if lever.possible:
            change = both(change, lever.change)
    return predict(desk.board, change)


def all_three(desk: Desk, asked: Mapping[str, Any]) -> list[Lever]:
    """Return the three levers, each with its own effect."""
    return [proposed(desk, kind, asked) for kind in PROPOSALS]


def at_once(desk: Desk, every: Sequence[Lever]) -> dict[str, Any]:
    """Return the figure for all three levers pulled at once."""
    after = combined(desk, every)
    return {
        "late": number(after.late),
        "breaks": _breaks(after, desk.now),
        "possible": any(one.possible for one in every),
    }


def shown(desk: Desk, lever: Lever) -> dict[str, Any]:
    """Return a lever in the words and shapes of the page."""
    after = lever.after
    return {
        "kind": lever.kind,
        "title": lever.title,
        "icon": lever.icon,
        "sentence": lever.sentence,
        "possible": lever.possible,
        "url": reverse("board_lever", args=[lever.kind]),
        "late": number(after.late) if after else "",
        "before": number(desk.before.late),
        "breaks": _breaks(after, desk.now) if after else "",
        "bar": cell_bar(after.late, desk.before.late) if after else SafeString(""),
    }


def _breaks(after: Prediction, now: datetime) -> str:
    if after.whole.breaks_at is None or not after.late:
        return _("The promise holds.") if not after.late else _("Nothing more will be late.")
    return _("Breaks %(time)s") % {"time": clock(after.whole.breaks_at, now)}
