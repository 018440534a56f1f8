"""A ruled edge case becomes a routing rule: a draft with one more rule, of what its items have in common."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from reviewqueue.accounts.access import Viewer
from reviewqueue.audit.actions import record
from reviewqueue.common.errors import Conflict, NotReady
from reviewqueue.common.failpoints import failpoint
from reviewqueue.edgecases.in_common import Common, in_common
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.edgecases.queries import answering, begins_of, begins_of_others, members_of, versions_of
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.queries import current_policy, facts_of

#: So many items of a case, and of others, are looked at.
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Drafted:
    """The rule that was drafted; ``narrow`` unless all that its items have in common is where they come from."""

    rule: RoutingRule
    narrow: bool


def draft_rule(*, case: EdgeCase, by: Viewer, now: datetime) -> Drafted:
    """Put a rule of what a ruled case's items share first in the workspace's draft; open one if there is none.

    Later items like them go to the same queue, and belong to the case's owner. Asked again, the rule that stands
    there already is returned. Raises Conflict before the ruling and without anything in common, NotReady without a
    policy.
    """
    by.require("lead")
    if case.ruled_at is None:
        raise Conflict("Rule on the edge case first.")
    members = list(members_of(case).select_related("escalation__entry__queue")[:LOOKED_AT])
    common = _in_common([one.item for one in members])
    if not common.conditions:
        raise Conflict("These items have nothing in common that a rule could look at.")
    queues = Counter(one.escalation.entry.queue for one in members)
    fields = _fields(case, common, queues.most_common(1)[0][0])
    with transaction.atomic():
        draft = _draft(by, now)
        rule = draft.rules.filter(name=fields["name"], conditions=fields["conditions"]).first()
        if rule is None:
            rule = triage.save_rule(draft=draft, rule=None, fields=fields, actor=by.actor, now=now)
            triage.move_rule(rule=rule, steps=-draft.rules.count(), actor=by.actor, now=now)
            _tell(case, rule, by, now)
        failpoint("draft_rule.done")
    return Drafted(rule, common.narrow)


def _in_common(items: Sequence[Item]) -> Common:
    if not items:
        return Common()
    said = begins_of(items)
    return in_common(
        [facts_of(one) for one in items],
        [said.get(one.pk, "") for one in items],
        others=begins_of_others(items, most=LOOKED_AT),
        versions=versions_of(items),
    )


def _fields(case: EdgeCase, common: Common, queue: Queue) -> dict[str, Any]:
    may = {one.user_id for one in answering(case.workspace_id)}
    return {
        "name": case.content.title if not case.content.redacted_at else str(case.pk),
        "conditions": {"all": common.conditions},
        "queue": queue,
        "owner": case.owner if case.owner_id in may else None,
    }


def _draft(by: Viewer, now: datetime) -> RoutingPolicy:
    """Return the workspace's draft; of two who open one at the same moment the second is told so (Conflict)."""
    active = current_policy(by.workspace_id)
    if active is None:
        raise NotReady("The workspace has no routing policy yet.")
    open_draft = RoutingPolicy.objects.filter(workspace_id=by.workspace_id, activated_at=None).first()
    return open_draft or triage.draft_policy(based_on=active, by=by.user, actor=by.actor, now=now)


def _tell(case: EdgeCase, rule: RoutingRule, by: Viewer, now: datetime) -> None:
    record(
        workspace_id=case.workspace_id,
        verb="draft_rule",
        subject=("edge_case", case.pk),
        by=by.actor,
        at=now,
        data={"rule": str(rule.pk)},
    )
