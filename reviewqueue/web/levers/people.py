"""People: let others help in one queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewqueue.accounts.models import Membership, Role
from reviewqueue.metrics.rules import (
    Change,
    QueueNow,
    both,
    people_needed,
    predict,
)

from ..parameters import identifier
from .desk import Desk, Lever
from .rule import usual_rule

#: So many are proposed, in so many of the latest queues help is tried out for the proposal.
BORROWED, TRIED = 3, 2


@dataclass(frozen=True, slots=True)
class Joining:
    """Members who would take items from one more queue."""

    queue: QueueNow
    people: Sequence[Membership]


def some_people(desk: Desk, asked: Mapping[str, Any]) -> Lever:
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
    rule = usual_rule(desk).change
    return min(options, key=lambda option: predict(desk.board, both(rule, _joining(*option))).late)


def _reviewers(desk: Desk, queue: QueueNow) -> list[Membership]:
    return [one for one in _free_for(desk, queue) if one.role == Role.REVIEWER]


def _joining(queue: QueueNow, chosen: Sequence[Membership]) -> Change:
    return Change(joining={one.user_id: frozenset({queue.id}) for one in chosen})


def _serves(desk: Desk, member: Membership) -> str:
    queues = desk.board.crew.people.get(member.user_id, frozenset())
    names = [one.name for one in desk.board.queues if one.id in queues]
    return _("serves %(queues)s") % {"queues": ", ".join(names)} if names else _("not at work now")


def people_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    """Return what one should know before pulling this lever."""
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
