"""What happened in the calm week: an exercise, hours without anybody, a stop over wrong answers, the first ruling."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Role, Workspace
from reviewqueue.demo.items import CHAT_SOURCE
from reviewqueue.edgecases.actions import Said
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.intake.models import Source
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.review.models import Escalation
from reviewqueue.triage import actions as triage
from reviewqueue.triage.queries import current_policy

from .arrivals import CALM_DAYS, PASSED

Do = Callable[[Workspace, Viewer, datetime], None]

#: From when until when nobody was there, counted from the week's beginning.
AWAY = timedelta(days=2, hours=4), timedelta(days=2, hours=8)
EXERCISE = timedelta(days=1, hours=4)
WRONG = timedelta(days=3, hours=4)
WRONG_WORDS = "It quotes prices from last year's catalogue. The index is being built anew."

#: What reviewers ask about whoever wants another address, and until when the leads have not ruled on it.
ADDRESS, RULED = "delivery-address-change", timedelta(days=5, hours=6)
QUESTION = "The parcel may have left already. May I promise the new address?"
TITLE = "New address after the parcel has left"
DESCRIPTION = "The handbook says “until it is packed”, but customers do not see when that is."
#: What marks such items, in the words of the lead instead of those that the texts happen to share.
COMES_FROM_CHAT = ({"field": "source", "op": "is", "value": CHAT_SOURCE},)
ABOUT_ADDRESSES = {"field": "text", "op": "contains", "value": "delivery address"}
SAID_BEFORE = (
    "The warehouse cannot redirect a parcel. It comes back, and goes out again without charge.",
    "Then we say exactly that, and never promise the new address.",
)
RULING = Said(
    decision="edit",
    severity="major",
    reason_codes=["missing-step"],
    answer=(
        "Hello,\n\nthank you for your message. As long as your order does not show as Packed, you can change the"
        " address in your account. After that we cannot redirect the parcel: it comes back to us, and we send it"
        " again without charge.\n\nKind regards, your Kranich & Moor team"
    ),
    words={
        "en": "Never promise the new address. Say until when it can be changed, and what happens after that.",
        "de": "Nie die neue Adresse zusagen. Sagen, bis wann sie sich ändern lässt und was danach geschieht.",
    },
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done at a moment of the week; doing it again does nothing."""

    at: datetime
    do: Do


def happenings(base: datetime) -> list[Happening]:
    """Return what happened before ``base`` (the moment the demo begins), in order."""
    start = base - PASSED - timedelta(days=CALM_DAYS)
    said = (
        (EXERCISE, _stop_refunds),
        (EXERCISE + timedelta(minutes=10), _go_on),
        (WRONG, _stop_chatbot),
        (WRONG + timedelta(hours=3), _go_on),
        (RULED, _rule),
    )
    return [Happening(start + after, do) for after, do in said]


def ruled_at(base: datetime) -> datetime:
    """Return when the leads ruled on new addresses."""
    return base - PASSED - timedelta(days=CALM_DAYS) + RULED


def is_deserted(moment: datetime, base: datetime) -> bool:
    """Return whether nobody was there at a moment of the week."""
    begins, ends = (base - PASSED - timedelta(days=CALM_DAYS) + one for one in AWAY)
    return begins <= moment < ends


def happen(workspace: Workspace, waiting: list[Happening], until: datetime) -> None:
    """Do what is to be done until a moment, and take it from what is waiting."""
    while waiting and waiting[0].at <= until:
        one = waiting.pop(0)
        lead = Membership.objects.select_related("user").filter(workspace=workspace, role=Role.LEAD, ended_at=None)
        one.do(workspace, viewer_of_member(lead.earliest("created_at")), one.at)


def _stop_refunds(workspace: Workspace, lead: Viewer, at: datetime) -> None:
    queue = Queue.objects.get(workspace=workspace, slug="refunds")
    if not Stop.objects.filter(workspace=workspace, begun_at=at).exists():
        pipeline.stop(
            workspace=workspace, queue=queue, why=Stop.Why.EXERCISE, by=lead.actor, person=lead.user, now=at
        )


def _stop_chatbot(workspace: Workspace, lead: Viewer, at: datetime) -> None:
    source = Source.objects.get(workspace=workspace, slug=CHAT_SOURCE)
    if not Stop.objects.filter(workspace=workspace, begun_at=at).exists():
        pipeline.stop(
            workspace=workspace,
            source=source,
            why=Stop.Why.WRONG_ANSWERS,
            note=WRONG_WORDS,
            by=lead.actor,
            person=lead.user,
            now=at,
        )


def _go_on(workspace: Workspace, lead: Viewer, at: datetime) -> None:
    for one in Stop.objects.filter(workspace=workspace, ended_at=None):
        pipeline.end_stop(stop=one, by=lead.actor, person=lead.user, now=at)
    pipeline.carry_out_stops(now=at)


@transaction.atomic
def _rule(workspace: Workspace, lead: Viewer, at: datetime) -> None:
    """Group what was asked about addresses, discuss it, rule on it, and make the ruling a rule of the policy."""
    if EdgeCase.objects.filter(workspace=workspace).exists():
        return
    assert lead.user is not None
    asked = Escalation.objects.filter(workspace=workspace, ended_at=None, content__question=QUESTION)
    case = pipeline.open_case(
        title=TITLE,
        description=DESCRIPTION,
        escalations=list(asked.order_by("opened_at")),
        owner_id=lead.user.pk,
        by=lead,
        now=at - timedelta(hours=2),
    )
    for number, text in enumerate(SAID_BEFORE):
        pipeline.comment(case=case, text=text, by=lead, now=at - timedelta(minutes=60 - 20 * number))
    ruling = pipeline.rule(case=case, said=RULING, by=lead, now=at)
    pipeline.settle_ruled(now=at, ruling=ruling)
    case.refresh_from_db()
    _become_a_rule(workspace, case, lead, at)


def _become_a_rule(workspace: Workspace, case: EdgeCase, lead: Viewer, at: datetime) -> None:
    """Put the rule drafted from the ruling in force, said more exactly, after the one that looks at high risk."""
    rule, active = pipeline.draft_rule(case=case, by=lead, now=at).rule, current_policy(workspace.pk)
    assert active is not None
    rule.refresh_from_db()
    draft, note = rule.policy, f"The ruling on “{TITLE}”"
    fields = {**triage.fields_of(rule), "conditions": [*COMES_FROM_CHAT, ABOUT_ADDRESSES]}
    triage.save_rule(draft=draft, rule=rule, fields=fields, actor=lead.actor, now=at)
    triage.move_rule(rule=rule, steps=1, actor=lead.actor, now=at)
    triage.activate_draft(draft=draft, seen=active, note=note, by=lead.user, actor=lead.actor, now=at)
