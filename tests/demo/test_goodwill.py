"""The story's goodwill queue: moved there in bulk, two outvote one, all three differ once, others are on hold."""

from reviewqueue.assignment.models import BulkAction, Hold
from reviewqueue.demo.assistant import OLD
from reviewqueue.demo.customers import load_customers
from reviewqueue.demo.items import CHAT_SOURCE
from reviewqueue.demo.story.arrivals import Arrival, _answer
from reviewqueue.demo.story.goodwill import HELD, MOVED, SLUG, tell_of_goodwill
from reviewqueue.demo.story.loading import _receive
from reviewqueue.demo.story.workspace import make_workspace
from reviewqueue.intake.models import Source
from reviewqueue.review.models import Disagreement, Escalation, Outcome
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, PASSWORD


def test_three_people_differ_over_what_the_lead_has_moved(db: None) -> None:
    workspace = make_workspace(password=PASSWORD, now=NOW)
    struck = [one for one in load_customers() if "delivery-strike" in one.expected]
    came = [Arrival(NOW, number, one, _answer(OLD, one.id)) for number, one in enumerate(struck)]
    told = {one.external_id: one for one in came[:60]}
    source = Source.objects.get(workspace=workspace, slug=CHAT_SOURCE)
    _receive(workspace, source, list(told.values()), NOW)
    for _load in range(2):
        tell_of_goodwill(workspace, told=told, now=NOW)
    moved = BulkAction.objects.get(verb="move")
    assert moved.steps.exclude(done_at=None).count() == MOVED
    assert Hold.objects.filter(ended_at=None).count() == HELD
    assert QueueEntry.objects.filter(queue__slug=SLUG, placed_at=moved.asked_at).count() == MOVED
    assert sorted(Disagreement.objects.values_list("settled_by", flat=True)) == ["adjudication", "majority"]
    assert Escalation.objects.get().why == "disagreement"
    assert Outcome.objects.get().basis == "agreement"
