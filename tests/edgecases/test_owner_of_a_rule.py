"""Who answers for an unclear item: what the matrix says of it, then the owner of its rule, then the matrix's rest."""

from typing import Any

from reviewqueue import pipeline
from reviewqueue.accounts.actions import end_membership
from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.edgecases.owners import owner_for
from reviewqueue.review.models import Escalation
from reviewqueue.triage.actions import activate_policy
from tests.cast import NOW, Cast
from tests.edgecases.steps import asked, items, opened


def with_owner(cast: Cast, owner: User) -> None:
    """Put a policy in force whose one rule names an owner."""
    everything: dict[str, Any] = {"name": "All", "conditions": [], "queue": cast.support, "owner": owner}
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=[everything],
        audit_rate=0.0,
        audit_queue=cast.support,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def matrix_says(cast: Cast, owner: User, *, topic: str = "") -> None:
    pipeline.set_owner(
        source=None, topic=topic, reason="", owner_id=owner.pk, deputy_id=None, by=cast.viewer("lead"), now=NOW
    )


def answering(escalation: Escalation) -> User | None:
    found = owner_for([escalation]).get(escalation.pk)
    return found.owner if found else None


def test_the_rules_owner_gets_the_edge_case_and_is_told_first(cast: Cast) -> None:
    with_owner(cast, cast.lead.user)
    [escalation] = asked(cast, *items(1))
    assert opened(cast, [escalation]).owner == cast.lead.user


def test_a_row_that_names_the_topic_goes_before_the_rule_and_a_row_for_everything_after_it(cast: Cast) -> None:
    with_owner(cast, cast.lead.user)
    [escalation] = asked(cast, *items(1, risk={"level": "low", "tags": ["refunds"]}))
    matrix_says(cast, cast.admin.user)
    assert answering(escalation) == cast.lead.user
    matrix_says(cast, cast.admin.user, topic="refunds")
    assert answering(escalation) == cast.admin.user


def test_without_an_owner_in_the_rule_the_row_for_everything_answers(cast: Cast) -> None:
    [escalation] = asked(cast, *items(1))
    assert answering(escalation) is None
    matrix_says(cast, cast.admin.user)
    assert answering(escalation) == cast.admin.user


def test_an_owner_who_may_not_decide_or_has_left_is_passed_over(cast: Cast) -> None:
    with_owner(cast, cast.reviewer.user)
    [escalation] = asked(cast, *items(1))
    assert answering(escalation) is None
    with_owner(cast, cast.lead.user)
    [second] = asked(cast, *[{**items(1)[0], "external_id": "conv-2"}])
    assert answering(second) == cast.lead.user
    end_membership(membership=cast.lead, by=cast.admin.user, actor=SYSTEM, now=NOW)
    assert answering(second) is None
