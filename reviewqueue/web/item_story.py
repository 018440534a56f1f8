"""An item's timeline, told from the audit trail: what happened, who did it, when, and in words why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import ApiKey, User
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.models import Event
from reviewqueue.delivery.models import Delivery
from reviewqueue.delivery.queries import deliveries_visible_to
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Appeal, Escalation, FollowUp
from reviewqueue.triage.models import Signal, TriageDecision
from reviewqueue.triage.queries import signals_of
from reviewqueue.triage.rules import explain, explain_pass

from .masking import Mask
from .miss_words import miss_words
from .shift_story import SHIFTS, Shifts, shifts_of
from .templatetags.look import span

#: Verbs that say how somebody judged: unseen by a person who is judging the item at this moment.
JUDGED = frozenset(
    {
        *("submit", "settle", "undo", "publish", "escalate", "hand_back", "group", "ungroup", "note_knowledge"),
        "disagree",
        *("open_follow_up", "take_follow_up", "finish_follow_up", "reopen_follow_up"),
    }
)


@dataclass(slots=True)
class Step:
    """One line of the timeline; ``glyph`` marks a machine's step, ``who`` a person's."""

    at: datetime
    title: str
    lines: list[str] = field(default_factory=list)
    who: User | None = None
    glyph: str = "gear"


@dataclass(slots=True)
class _Known:
    """What the trail speaks of by id."""

    users: Mapping[UUID, User]
    keys: Mapping[UUID, ApiKey]
    turns: Mapping[UUID, Assignment]
    escalations: Mapping[UUID, Escalation]
    decisions: Sequence[TriageDecision]
    signals: Mapping[UUID, Signal]
    appeals: Mapping[UUID, Appeal]
    follow_ups: Mapping[UUID, FollowUp]
    shifts: Shifts
    blind: bool


def steps_of(*, viewer: Viewer, item: Item, blind: bool) -> list[Step]:
    """Return the item's timeline in the order in which it was written, deliveries last."""
    events = list(Event.objects.filter(item_id=item.pk, workspace_id=viewer.workspace_id).order_by("id"))
    if blind:
        events = [one for one in events if one.verb not in JUDGED]
    known = _known(item, events, blind)
    steps = [step for one in events if (step := _step(one, item, known))]
    if blind:
        return steps
    deliveries = [_delivery(one) for one in deliveries_visible_to(viewer).filter(message__item=item)]
    return [*steps, *sorted(deliveries, key=lambda step: step.at)]


def masked_step(step: Step, mask: Mask) -> Step:
    """Return a step with personal data hidden in what people wrote."""
    return replace(step, lines=[mask.text(line) for line in step.lines])


def _known(item: Item, events: Sequence[Event], blind: bool) -> _Known:
    people = {one.actor_id for one in events if one.actor_kind == Event.ActorKind.PERSON}
    people |= {UUID(one.data["to"]) for one in events if one.data.get("to")}
    keys = {one.actor_id for one in events if one.actor_kind == Event.ActorKind.KEY}
    return _Known(
        users=User.objects.in_bulk(people - {None}),
        keys=ApiKey.objects.filter(workspace_id=item.workspace_id).in_bulk(keys - {None}),
        turns=Assignment.objects.filter(item=item).select_related("entry__queue", "note").in_bulk(),
        escalations=Escalation.objects.filter(item=item).select_related("content").in_bulk(),
        decisions=list(TriageDecision.objects.filter(item=item).select_related("policy").order_by("pass_number")),
        signals=signals_of(item.pk).in_bulk(),
        appeals=Appeal.objects.filter(item=item).select_related("content").in_bulk(),
        follow_ups=FollowUp.objects.filter(item=item).select_related("content").in_bulk(),
        shifts=shifts_of(events),
        blind=blind,
    )


def _step(event: Event, item: Item, known: _Known) -> Step | None:
    tell = _TELLERS.get(event.verb)
    if tell is None:
        return None
    by_person = (
        event.actor_kind == Event.ActorKind.PERSON
        and event.verb != "settle"
        and event.data.get("why") != "disagreement"
    )
    who = known.users.get(event.actor_id) if by_person and event.actor_id else None
    title, lines, glyph = tell(event, item, known)
    return Step(event.at, title, [one for one in lines if one], who, glyph)


Told = tuple[str, list[str], str]


def _missed(event: Event, item: Item, known: _Known) -> Told:
    return _("Promise missed"), [miss_words(event.data["why"])], "clock"


def _received(event: Event, item: Item, known: _Known) -> Told:
    key = known.keys.get(event.actor_id) if event.actor_id else None
    source = _("from %(source)s, %(id)s") % {"source": item.source.slug, "id": item.external_id}
    return _("Received"), [source, _("with key %(name)s") % {"name": key.name} if key else ""], "inbox"


def _triaged(event: Event, item: Item, known: _Known) -> Told:
    decision = next((one for one in known.decisions if one.pass_number == 1), None)
    if decision is None:
        return _("Triaged"), [], "route"
    if decision.result == TriageDecision.Result.PASS:
        return _("Triaged: passed"), [] if known.blind else explain_pass(decision), "route"
    return _("Triaged: a person decides"), explain(decision.reasons, hides_confidence=known.blind), "route"


def _queue_of(event: Event, known: _Known) -> str:
    turn = known.turns.get(event.subject_id)
    return turn.entry.queue.name if turn else ""


def _claimed(event: Event, item: Item, known: _Known) -> Told:
    return _("Taken"), [_queue_of(event, known)], ""


def _assigned(event: Event, item: Item, known: _Known) -> Told:
    to = known.users.get(UUID(event.data["to"])) if event.data.get("to") else None
    words = _("Given to %(name)s") % {"name": to.name} if to else _("Given to somebody")
    return words, [_queue_of(event, known)], ""


def _dealt(event: Event, item: Item, known: _Known) -> Told:
    to = known.users.get(UUID(event.data["to"]))
    return _("Dealt to %(name)s") % {"name": to.name if to else ""}, [_queue_of(event, known)], ""


def _ran_out(event: Event, item: Item, known: _Known) -> Told:
    absent = event.data.get("why") == "absent"
    return _("The turn ran out"), [_("its person was not there any more") if absent else ""], "clock"


def _submitted(event: Event, item: Item, known: _Known) -> Told:
    turn = known.turns.get(event.subject_id)
    words = {
        "approve": _("decided: approve"),
        "edit": _("decided: edit"),
        "reject": _("decided: reject"),
    }.get(event.data.get("decision", ""), "")
    taken = _("after %(time)s") % {"time": span(event.at - (turn.begun_at or turn.opened_at))} if turn else ""
    return _("Reviewed"), [words, taken], ""


def _returned(event: Event, item: Item, known: _Known) -> Told:
    turn = known.turns.get(event.subject_id)
    note = getattr(turn, "note", None) if turn and not known.blind else None
    return _("Given back"), [f"“{note.text}”" if note and not note.redacted_at else ""], ""


def _escalated(event: Event, item: Item, known: _Known) -> Told:
    escalation = known.escalations.get(event.subject_id)
    if event.data.get("why") == "disagreement":
        return _("Reviews differ: to a lead"), [], "fork"
    if event.data.get("why") == "nobody_left":
        seen = _("every lead has had it in hand as well") if event.data.get("leads") == "seen" else ""
        return _("Everybody who may review it has had it: to a lead"), [seen], "people"
    content = getattr(escalation, "content", None)
    question = f"“{content.question}”" if content and content.question and not content.redacted_at else ""
    return _("Asked a lead"), [question], ""


def _quoted(text: str) -> str:
    return f"“{text}”" if text else ""


def _signalled(event: Event, item: Item, known: _Known) -> Told:
    signal = known.signals.get(event.subject_id)
    words = {
        "thumbs_down": _("Thumbs down"),
        "recontact": _("The customer came back"),
        "complaint": _("Complaint"),
        "report": _("Reported as wrong"),
    }
    content = getattr(signal, "content", None)
    said = [content.said_by, _quoted(content.note)] if content and not content.redacted_at else []
    again = _("so people look at it") if event.data.get("pass") else _("people were to look at it already")
    return words.get(event.data.get("kind", ""), _("Said to be wrong")), [*said, again], "flag"


def _appealed(event: Event, item: Item, known: _Known) -> Told:
    appeal = known.appeals.get(event.subject_id)
    content = getattr(appeal, "content", None)
    said = [content.said_by, _quoted(content.reason)] if content and not content.redacted_at else []
    ends = {"upheld": _("decided anew: upheld"), "changed": _("decided anew: changed")}
    became = ends.get(appeal.end_reason, "") if appeal and not known.blind else ""
    return _("Contested by the person affected"), [*said, became], "balance"


def _followed_up(title: Callable[[], str], glyph: str) -> Callable[[Event, Item, _Known], Told]:
    def tell(event: Event, item: Item, known: _Known) -> Told:
        to = known.users.get(UUID(event.data["to"])) if event.data.get("to") else None
        return title(), [to.name if to else ""], glyph

    return tell


def _made_good(event: Event, item: Item, known: _Known) -> Told:
    follow_up = known.follow_ups.get(event.subject_id)
    content = getattr(follow_up, "content", None)
    return _("Made good"), [_quoted(content.note) if content and not content.redacted_at else ""], "check"


def _settled(event: Event, item: Item, known: _Known) -> Told:
    bases = {
        "review": _("by one review"),
        "agreement": _("enough reviewers agree"),
        "adjudication": _("a lead decided"),
        "ruling": _("the ruling on an edge case"),
    }
    title = _("Outcome, version %(n)s") % {"n": event.data.get("version", "")}
    return title, [bases.get(event.data.get("basis", ""), "")], ""


def _published(event: Event, item: Item, known: _Known) -> Told:
    return _("Published"), [_("position %(n)s") % {"n": event.data.get("position", "")}], "check"


def _shifted(event: Event, item: Item, known: _Known) -> Told:
    title, lines, glyph = known.shifts.told(event)
    return title, [] if known.blind else lines, glyph


def _found(event: Event, item: Item, known: _Known) -> Told:
    how = {"hastened": _("so it moved up"), "looked_again": _("so people look at it")}
    return _("Detectors found something"), [how.get(event.data.get("how", ""), "")], "search"


def _simple(title: Any, glyph: str = "") -> Any:
    return lambda event, item, known: (title(), [], glyph)


_TELLERS = {
    "receive": _received,
    "triage": _triaged,
    "miss": _missed,
    "claim": _claimed,
    "assign": _assigned,
    "submit": _submitted,
    "disagree": _simple(lambda: _("The reviewers do not agree"), "fork"),
    "return": _returned,
    "escalate": _escalated,
    "settle": _settled,
    "publish": _published,
    "deal": _dealt,
    "expire": _ran_out,
    "snooze": _simple(lambda: _("Put aside")),
    "reassign": _simple(lambda: _("Taken away")),
    "undo": _simple(lambda: _("Undone")),
    **dict.fromkeys(SHIFTS, _shifted),
    "hand_back": _simple(lambda: _("Handed back to the queue")),
    "time_out": _simple(lambda: _("The AI system was answered without a person"), "clock"),
    "group": _simple(lambda: _("Put into an edge case"), "balance"),
    "ungroup": _simple(lambda: _("Taken out of its edge case"), "balance"),
    "raise_alert": _simple(lambda: _("Told somebody that it waits for too long"), "clock"),
    "note_knowledge": _simple(lambda: _("An article is wrong or missing"), "layers"),
    "unmask": _simple(lambda: _("Looked at the personal data"), "hidden"),
    "find": _found,
    "withdraw": _simple(lambda: _("Withdrawn: the AI system no longer needs it"), "cross"),
    "signal": _signalled,
    "appeal": _appealed,
    "open_follow_up": _followed_up(lambda: _("To be made good: the customer already got it"), "reply"),
    "take_follow_up": _followed_up(lambda: _("Follow-up taken"), "reply"),
    "finish_follow_up": _made_good,
    "reopen_follow_up": _followed_up(lambda: _("Not made good after all"), "undo"),
}


def _delivery(one: Delivery) -> Step:
    if one.delivered_at:
        waited = span(one.delivered_at - one.created_at)
        words = _("%(host)s answered %(status)s after %(time)s")
        line = words % {"host": _host(one), "status": one.last_status, "time": waited}
        return Step(one.delivered_at, _("Webhook delivered"), [line], None, "link")
    if one.given_up_at:
        return Step(one.given_up_at, _("Webhook given up"), [_host(one), one.last_error], None, "warning")
    tries = _("%(n)s tries so far") % {"n": one.attempts} if one.attempts else ""
    return Step(one.created_at, _("Webhook waits"), [_host(one), tries], None, "clock")


def _host(one: Delivery) -> str:
    return urlsplit(one.webhook.url).hostname or ""
