"""An owner: give a class of waiting items to one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewqueue.accounts.models import Membership, Role
from reviewqueue.assignment.models import Slot
from reviewqueue.metrics.queries.levers import (
    due_steps,
    unowned_classes,
    unowned_slots,
)
from reviewqueue.metrics.rules import (
    Change,
    due_step,
)

from ..parameters import identifier, whole
from ..words import number
from .desk import Desk, Lever

#: More is not one person's day.
MOST_OWNED = 200


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
        if desk.now + place * each > due_step(slot.entry.due_at, desk.now) > desk.now:
            return max(place - 1, 5)
    return max(len(slots), 1)


def owner_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    """Return what one should know before pulling this lever."""
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
