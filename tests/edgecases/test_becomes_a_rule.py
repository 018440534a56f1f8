"""A ruled edge case becomes a routing rule, drafted from what its items have in common."""

import pytest

from reviewqueue import pipeline
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict, NotAllowed
from reviewqueue.edgecases.in_common import in_common, shared_phrase
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.triage.models import RoutingPolicy
from tests.cast import NOW, Cast, item
from tests.edgecases.steps import REJECT, asked, opened
from tests.steps import submit

PLAIN = [f"Where is parcel number {number}? It is still late." for number in range(40)]
OLD_REFUNDS = [
    "Hello! I want a refund after thirty days, please.",
    "Is there a refund after thirty days? Thanks.",
    "My shop says: no Refund after thirty days!",
]


def about(text: str, number: int, **changes: object) -> dict[str, object]:
    return item(f"conv-{number}", input={"messages": [{"role": "user", "content": text}]}, **changes)


def ruled(cast: Cast, **changes: object) -> EdgeCase:
    given = [about(text, number, **changes) for number, text in enumerate(OLD_REFUNDS)]
    case = opened(cast, asked(cast, *given), owner_id=cast.lead.user_id)
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    return EdgeCase.objects.get(pk=case.pk)


# --- what is in common -------------------------------------------------------------------------------------------


def test_the_phrase_that_all_share_and_others_do_not_is_found() -> None:
    assert shared_phrase(OLD_REFUNDS, others=PLAIN) == "refund after thirty days"


def test_a_phrase_that_everything_says_says_nothing() -> None:
    greeting = "Thank you for writing to us. "
    texts = [greeting + text for text in OLD_REFUNDS]
    others = [greeting + text for text in PLAIN]
    assert shared_phrase(texts, others=others) == "refund after thirty days"
    assert shared_phrase([greeting + PLAIN[0], greeting + PLAIN[1]], others=others) == ""


def test_one_text_alone_has_nothing_in_common() -> None:
    assert shared_phrase(OLD_REFUNDS[:1], others=PLAIN) == ""


@pytest.mark.parametrize(("versions", "named"), [(1, False), (2, True)])
def test_a_model_version_marks_items_only_where_there_are_others(versions: int, named: bool) -> None:
    facts = [{"source": "bot", "kind": "chat", "model_version": "v2", "risk_tags": ["legal", "x"]}] * 2
    common = in_common(facts, ["", ""], others=[], versions=versions)
    assert ({"field": "model_version", "op": "is", "value": "v2"} in common.conditions) is named
    assert {"field": "risk_tags", "op": "has", "value": "legal"} in common.conditions


# --- the rule ----------------------------------------------------------------------------------------------------


def test_the_rule_stands_first_and_sends_what_is_like_the_items_to_their_queue_and_owner(cast: Cast) -> None:
    case = ruled(cast)
    submit(cast, *(about(text, 100 + number) for number, text in enumerate(PLAIN)))
    drafted = pipeline.draft_rule(case=case, by=cast.viewer("lead"), now=NOW)
    rule = drafted.rule.policy.rules.order_by("position").first()
    assert rule is not None
    assert (rule.pk, rule.name, rule.queue, rule.owner) == (
        drafted.rule.pk,
        "Refunds after 30 days",
        cast.support,
        cast.lead.user,
    )
    assert {"field": "text", "op": "contains", "value": "refund after thirty days"} in rule.conditions["all"]
    assert drafted.narrow
    assert Event.objects.get(verb="draft_rule").subject_id == case.pk
    [like, unlike] = [
        rule.fits({"source": "support-chatbot", "kind": "chat", "text": text, "risk_tags": []})
        for text in ("A REFUND AFTER THIRTY DAYS!", PLAIN[0])
    ]
    assert (like, unlike) == (True, False)


def test_asked_twice_it_is_one_rule_and_a_colleagues_draft_is_kept(cast: Cast) -> None:
    case, lead = ruled(cast), cast.viewer("lead")
    first = pipeline.draft_rule(case=case, by=lead, now=NOW)
    before = first.rule.policy.rules.count()
    again = pipeline.draft_rule(case=case, by=cast.viewer("admin"), now=NOW)
    assert (again.rule.pk, again.rule.policy.rules.count()) == (first.rule.pk, before)
    assert RoutingPolicy.objects.filter(activated_at=None).count() == 1


def test_only_a_ruled_case_becomes_a_rule_and_only_for_those_who_decide(cast: Cast) -> None:
    case = opened(cast, asked(cast, about(OLD_REFUNDS[0], 0)))
    with pytest.raises(Conflict, match="Rule on the edge case first"):
        pipeline.draft_rule(case=case, by=cast.viewer("lead"), now=NOW)
    with pytest.raises(NotAllowed):
        pipeline.draft_rule(case=case, by=cast.viewer("reviewer"), now=NOW)
