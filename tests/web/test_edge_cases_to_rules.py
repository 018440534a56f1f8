"""From the ruling on an edge case to a routing rule in force: two clicks."""

from collections.abc import Callable

from django.test import Client

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import QueueEntry
from reviewqueue.triage.queries import current_policy
from tests.cast import NOW, Cast
from tests.edgecases.steps import REJECT, asked, opened
from tests.edgecases.test_becomes_a_rule import PLAIN, about, ruled
from tests.steps import submit, triage


def test_two_clicks_from_the_ruling_to_a_policy_in_force(cast: Cast, browser: Callable[[str], Client]) -> None:
    at, case = clock.now(), ruled(cast)
    submit(cast, *(about(text, 100 + number) for number, text in enumerate(PLAIN)), now=at)
    client = browser("lead")
    assert "Make it a routing rule" in client.get(f"/edge-cases/{case.pk}/").content.decode()
    asked_whether = client.post(f"/edge-cases/{case.pk}/to-rule/", follow=True)
    shown = asked_whether.content.decode()
    assert asked_whether.redirect_chain[-1][0] == "/policies/draft/activate/"
    assert "refund after thirty days" in shown
    against = current_policy(cast.workspace.pk)
    assert against is not None
    client.post("/policies/draft/activate/", {"against": against.version, "note": ""})
    active = current_policy(cast.workspace.pk)
    assert active is not None
    assert active.version == against.version + 1
    submit(cast, about("No refund after thirty days?", 900), now=at)
    triage(at)
    placed = QueueEntry.objects.get(item=Item.objects.get(external_id="conv-900"))
    assert placed.decision.rule is not None
    assert (placed.decision.rule.position, placed.queue) == (1, cast.support)


def test_where_only_the_source_is_shared_the_lead_is_sent_to_the_builder(
    cast: Cast, browser: Callable[[str], Client]
) -> None:
    texts = ["Where is my parcel?", "I cannot sign in.", "What does it cost?"]
    given = [about(text, n, output={"content": f"{n}."}) for n, text in enumerate(texts)]
    case = opened(cast, asked(cast, *given))
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    answer = browser("lead").post(f"/edge-cases/{case.pk}/to-rule/", follow=True)
    assert "Say what else marks them" in answer.content.decode()
    assert answer.redirect_chain[-1][0].startswith("/policies/draft/rules/")
