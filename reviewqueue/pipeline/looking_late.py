"""Looked at late: detectors look at held answers after their decision, and may only raise what they find.

An AI system waits for those, so the rules alone decide them as they come. What detectors find afterwards moves an
item up in its line, or brings one that had passed to people; it lets nothing pass, and moves nothing down.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from reviewqueue.audit.actions import SYSTEM, record_all
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import state_of
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import Finding, QueueEntry, RoutingRule, TriageDecision
from reviewqueue.triage.queries import first_decisions

from .detecting import Detected, detect_fresh
from .looking_again import hasten, hold, look_again
from .moves import item_event
from .triaging import rule_for

log = logging.getLogger(__name__)

MOST_LOOKS = 3


def look_late(*, now: datetime) -> int:
    """Let detectors look at held answers that were decided without them; return how many were looked at.

    Each item is a transaction of its own. One whose look ends its worker is taken again, and in the end left out.
    """
    taken = triage.take_looks(now=now)
    if not taken:
        return 0
    detected = detect_fresh(taken, most=MOST_LOOKS)
    failpoint("look_late.detected")
    return sum(_looked_at(item_id, detected, now) for item_id in taken)


def _looked_at(item_id: UUID, detected: Detected, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _write(item_id, detected, now)
    except Exception:
        log.exception("a late look failed", extra={"item": str(item_id)})
        return False


def _write(item_id: UUID, detected: Detected, now: datetime) -> bool:
    stay = hold(item_id)
    item = Item.objects.select_related("source", "model_version", "workspace").get(pk=item_id)
    found = detected.findings.get(item_id, {})
    rule = _asks_for_more(item, found)
    raised = _raised(item, stay, rule)
    if not triage.write_finding(item=item, found=found, rule=rule, raised=raised, now=now):
        return False
    if stay and item_id in detected.sketches:
        triage.keep_sketches(workspace_id=item.workspace_id, sketches={item_id: detected.sketches[item_id]})
    if raised == Finding.Raised.NOTHING:
        return True
    record_all([item_event(item.workspace_id, "find", item_id, SYSTEM, now, how=str(raised))])
    if stay:
        hasten(stay)
    else:
        assert rule is not None
        look_again(item=item, reason="finding", urgent=_is_high(rule), queue=rule.queue, now=now)
    failpoint("look_late.raised")
    return True


def _asks_for_more(item: Item, found: Mapping[str, Any]) -> RoutingRule | None:
    """Return the rule that takes the item now that this is known, when it asks for more than the first decision."""
    first = first_decisions([item.pk]).get(item.pk)
    if first is None or first.policy is None or not found:
        return None
    rule = rule_for(item, first.policy, found)
    if rule is None or rule.queue is None:
        return None
    more = first.result == TriageDecision.Result.PASS or (_is_high(rule) and not _is_high(first.rule))
    return rule if more else None


def _is_high(rule: RoutingRule | None) -> bool:
    return rule is not None and rule.urgency == RoutingRule.Urgency.HIGH


def _raised(item: Item, stay: QueueEntry | None, rule: RoutingRule | None) -> Finding.Raised:
    """Say what is to be done: nothing for what was decided by people, or withdrawn, meanwhile."""
    if rule is None:
        return Finding.Raised.NOTHING
    if stay:
        return Finding.Raised.HASTENED if _is_high(rule) else Finding.Raised.NOTHING
    return Finding.Raised.LOOKED_AGAIN if state_of(item.pk) == State.PASSED else Finding.Raised.NOTHING
