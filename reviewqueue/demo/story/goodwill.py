"""Goodwill: what three people decide on, moved there by the lead; two outvote one, and once all three differ."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, User, Workspace
from reviewqueue.assignment.models import Slot
from reviewqueue.assignment.standing import Asked
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.demo.judging import judge
from reviewqueue.queues.actions import create_queue, join_queue, write_rubric
from reviewqueue.queues.models import Queue
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import QueueEntry

from .arrivals import Arrival
from .reviewers import judgement_of
from .workspace import DOMAIN

SLUG = "goodwill"
GUIDELINES = [
    "A voucher when the customer lost something through us; never instead of the refund they are owed.",
    "Name its sum and until when it is good.",
    "Judge for yourself: three people look at each of these, and two decide.",
]
GUIDELINES_DE = [
    "Ein Gutschein, wenn jemand durch uns etwas verloren hat; nie statt der Erstattung, die ihm zusteht.",
    "Seine Höhe nennen, und bis wann er gilt.",
    "Selbst urteilen: Drei sehen sich jeden dieser Fälle an, zwei entscheiden.",
]
PEOPLE = ("reviewer", "reviewer2", "reviewer3")
WHY = "Valued customers whom the strike has hit: three of us look at what they are offered."
ON_HOLD = "The carrier says by noon whether these parcels are lost."
MOVED, HELD, LOOKED_AT = 6, 3, 400
LENIENT = Judgement("approve", note="Short, but nothing in it is wrong.")
STRICT = Judgement("reject", "major", note="Not without asking the customer first what they want.")


@transaction.atomic
def tell_of_goodwill(workspace: Workspace, *, told: Mapping[str, Arrival], now: datetime) -> None:
    """Open the queue, move some items there in bulk, let people differ, hold others until the carrier says; once."""
    if Queue.objects.filter(workspace=workspace, slug=SLUG).exists():
        return
    members = Membership.objects.select_related("user").filter(workspace=workspace, ended_at=None)
    people = {one.user.email.removesuffix(f"@{DOMAIN}"): one for one in members}
    lead = viewer_of_member(people["lead"])
    queue = _queue(workspace, people["lead"], [people[name].user for name in PEOPLE], now)
    struck = _struck(workspace, told)
    _bulk(Asked("move", queue=queue), struck[:MOVED], WHY, lead, now - timedelta(minutes=40))
    hold = Asked("hold", until=now + timedelta(hours=4))
    _bulk(hold, struck[MOVED : MOVED + HELD], ON_HOLD, lead, now - timedelta(minutes=25))
    reviewers = [people[name] for name in PEOPLE]
    for entry, differently in zip(struck, ([LENIENT], [LENIENT, STRICT]), strict=False):
        _differ(entry, told[entry.item.external_id], reviewers, differently, lead, now)


def _queue(workspace: Workspace, lead: Membership, people: Sequence[User], now: datetime) -> Queue:
    queue = create_queue(
        workspace_id=workspace.pk,
        slug=SLUG,
        name="Goodwill",
        reviews_required=3,
        agreement=Queue.Agreement.MAJORITY,
        adjudicator=lead.user,
        due_minutes=240,
        by=SYSTEM,
        now=now,
    )
    german = {"de": GUIDELINES_DE}
    write_rubric(queue=queue, guidelines=GUIDELINES, in_languages=german, by=lead.user, actor=SYSTEM, now=now)
    for user in (*people, lead.user):
        join_queue(queue=queue, user=user, by=SYSTEM, now=now)
    return queue


def _struck(workspace: Workspace, told: Mapping[str, Arrival]) -> list[QueueEntry]:
    """Return waiting items whose answer a careful reviewer would mend, least urgent first."""
    stays = QueueEntry.objects.filter(workspace=workspace, queue__slug="delivery", ended_at=None)
    free = stays.exclude(slots__holder__isnull=False).select_related("item").order_by("-rank", "-pk")
    mended = (one for one in free[:LOOKED_AT] if _opinion(told.get(one.item.external_id)).decision == "edit")
    return list(islice(mended, MOVED + HELD))


def _opinion(arrival: Arrival | None) -> Judgement:
    return judgement_of(judge(arrival.customer, arrival.answer, seed=1), arrival) if arrival else LENIENT


def _bulk(asked: Asked, stays: Sequence[QueueEntry], why: str, lead: Viewer, now: datetime) -> None:
    ids = [one.item_id for one in stays]
    if ids:
        pipeline.begin_bulk(asked=asked, item_ids=ids, reason=why, by=lead, now=now)


def _differ(
    stay: QueueEntry,
    arrival: Arrival,
    reviewers: Sequence[Membership],
    differently: Sequence[Judgement],
    lead: Viewer,
    now: datetime,
) -> None:
    """Let the first reviewers mend an answer alike, and the last ones see it differently."""
    slots = Slot.objects.filter(item_id=stay.item_id, closed_at=None).order_by("number")
    alike = [_opinion(arrival)] * (len(reviewers) - len(differently))
    turns = [
        pipeline.assign(slot=slot, to=who.user, by=lead, now=now - timedelta(minutes=20))
        for slot, who in zip(slots, reviewers, strict=True)
    ]
    for number, (turn, judgement) in enumerate(zip(turns, [*alike, *differently], strict=True)):
        at = now - timedelta(minutes=15 - 4 * number)
        by = turn.assignment.user
        pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=by, judgement=judgement, now=at)
