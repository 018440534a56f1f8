"""Reading policies, decisions and stays."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.detectors import LANGUAGE, Likeness, alike
from reviewqueue.intake.models import Item, Source

from .conditions import asks, leaves
from .models import DetectorSetting, Finding, QueueEntry, RoutingPolicy, RoutingRule, Signal, TriageDecision


def current_policy(workspace_id: UUID) -> RoutingPolicy | None:
    """Return the policy in force, with its rules in order."""
    return (
        RoutingPolicy.objects.filter(workspace_id=workspace_id, activated_at__isnull=False)
        .order_by("-version")
        .select_related("audit_queue")
        .prefetch_related("rules__queue", "rules__owner", "rates")
        .first()
    )


#: As many waiting items of a queue are counted; more is said to be as many.
LOAD_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a policy may know of an item's words: how many characters, and the words where a rule asks for them."""

    length: int | None = None
    text: str | None = None


_SAID = "SELECT item_id, length(search_text), {text} FROM intake_itemcontent WHERE item_id = ANY(%s::uuid[])"


def said_by(item_ids: Iterable[UUID], rules: Iterable[RoutingRule]) -> dict[UUID, Said]:
    """Return what the items say; their text only when one of the rules looks at it."""
    wanted = any(asks(rule.conditions, "text") for rule in rules)
    with connection.cursor() as cursor:
        cursor.execute(_SAID.format(text="search_text" if wanted else "NULL"), [list(item_ids)])
        return {item_id: Said(length, text) for item_id, length, text in cursor.fetchall()}


_LOAD = """
SELECT q.slug, (SELECT count(*) FROM (SELECT FROM triage_queueentry e WHERE e.queue_id = q.id AND e.ended_at IS NULL
                                      LIMIT %(most)s) AS waiting)
FROM queues_queue q WHERE q.workspace_id = %(workspace)s AND q.slug = ANY(%(slugs)s)
"""


def loads_asked(workspace_id: UUID, rules: Iterable[RoutingRule]) -> dict[str, int]:
    """Return how many items wait in each queue whose load one of the rules asks for, up to LOAD_COUNTED."""
    all_leaves = (leaf for rule in rules for leaf in leaves(rule.conditions))
    slugs = sorted({leaf["name"] for leaf in all_leaves if leaf["field"] == "queue_load"})
    if not slugs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, {"workspace": workspace_id, "slugs": slugs, "most": LOAD_COUNTED})
        return dict(cursor.fetchall())


def facts_of(item: Item, said: Said | None = None, loads: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return what a policy may look at; ``item`` needs its source and model version loaded.

    All but the text is recorded with the decision, and of the attributes those that rules ask for.
    """
    facts: dict[str, Any] = {
        "confidence": item.confidence,
        "risk_level": item.risk_level or None,
        "risk_tags": item.risk_tags,
        "kind": item.kind,
        "source": item.source.slug,
        "model_version": item.model_version.version if item.model_version else None,
        "language": _language(item.attributes),
        "received_at": int(item.received_at.timestamp()),
        "length": said.length if said else None,
        "attributes": item.attributes,
    }
    if loads:
        facts["queue_load"] = dict(loads)
    if said and said.text is not None:
        facts["text"] = said.text
    return facts


def _language(attributes: Mapping[str, Any]) -> str | None:
    """Return the language that the source names: of ``de-AT`` the ``de``."""
    named = attributes.get("language") or attributes.get("locale")
    return re.split("[-_]", named)[0].lower() if isinstance(named, str) and named else None


def current_decision(item_id: UUID) -> TriageDecision | None:
    """Return the decision of the highest pass."""
    return (
        TriageDecision.objects.filter(item_id=item_id)
        .select_related("rule", "policy")
        .order_by("-pass_number")
        .first()
    )


def first_decisions(item_ids: Iterable[UUID]) -> dict[UUID, TriageDecision]:
    """Return what triage said when the items came, by item."""
    firsts = TriageDecision.objects.filter(item_id__in=list(item_ids), pass_number=1).select_related("rule", "policy")
    return {one.item_id: one for one in firsts}


def owners_by_rule(item_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Return whom the rule that last took an item names as its owner, by item; where none names one it is missing."""
    taken = TriageDecision.objects.filter(item_id__in=list(item_ids), rule__owner__isnull=False)
    taken = taken.select_related("rule__owner").order_by("pass_number")
    return {one.item_id: one.rule.owner for one in taken if one.rule and one.rule.owner}


def passing_decision(item_id: UUID) -> TriageDecision | None:
    """Return the decision that let an item pass, if one did, whatever came later."""
    return TriageDecision.objects.filter(item_id=item_id, result=TriageDecision.Result.PASS).first()


def was_passed(item_id: UUID) -> bool:
    """Return whether triage let an item pass, whatever came later."""
    return passing_decision(item_id) is not None


def entries_visible_to(viewer: Viewer) -> QuerySet[QueueEntry]:
    """Return the stays of the viewer's workspace."""
    return QueueEntry.objects.filter(workspace_id=viewer.workspace_id)


def open_stay(item_id: UUID) -> QueueEntry | None:
    """Return the item's stay in a queue, if it waits in one now."""
    return QueueEntry.objects.filter(item_id=item_id, ended_at=None).select_related("queue").first()


def last_stay(item_id: UUID) -> QueueEntry | None:
    """Return the item's newest stay in a queue, open or ended."""
    stays = QueueEntry.objects.filter(item_id=item_id).select_related("queue")
    return stays.order_by("-placed_at", "-pk").first()


def signals_of(item_id: UUID) -> QuerySet[Signal]:
    """Return what was said of an item, oldest first, with the words."""
    return Signal.objects.filter(item_id=item_id).select_related("content", "reported_by").order_by("raised_at", "pk")


def reported_by(viewer: Viewer) -> QuerySet[Signal]:
    """Return what a person has reported themselves, newest first."""
    own = Signal.objects.filter(workspace_id=viewer.workspace_id, reported_by=viewer.user)
    own = own.select_related("content", "item__source", "item__content", "item__now_at")
    return own.order_by("-raised_at", "-pk")


def signals_of_many(item_ids: Iterable[UUID]) -> dict[UUID, Signal]:
    """Return what was said first of each of these items."""
    found = Signal.objects.filter(item_id__in=list(item_ids)).order_by("-raised_at", "-pk")
    return {one.item_id: one for one in found}


def seconds_per_item(*, queue_id: UUID, now: datetime) -> float | None:
    """Return how long one item takes a queue at its present pace, or None when none has left it within a day.

    The time since the oldest of the last 50 that were settled, divided by their number.
    """
    recent = QueueEntry.objects.filter(queue_id=queue_id, end_reason=QueueEntry.End.SETTLED)
    ends = recent.filter(ended_at__gt=now - timedelta(days=1), ended_at__lte=now).order_by("-ended_at")
    last = [ended_at for ended_at in ends.values_list("ended_at", flat=True)[:50] if ended_at]
    return (now - last[-1]).total_seconds() / len(last) if last else None


# --- detectors ------------------------------------------------------------------------------------------------------


def detectors_on(workspace_id: UUID) -> dict[UUID, dict[str, DetectorSetting]]:
    """Return the detectors that are on in a workspace, by source and name, with who switched them on."""
    on: dict[UUID, dict[str, DetectorSetting]] = {}
    for one in DetectorSetting.objects.filter(workspace_id=workspace_id, ended_at=None).select_related("by"):
        on.setdefault(one.source_id, {})[one.detector] = one
    return on


def detectors_for(item_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Return which detectors are on for the sources of some items, by source."""
    sources = Item.objects.filter(pk__in=list(item_ids)).order_by().values("source_id")
    rows = DetectorSetting.objects.filter(source__in=sources, ended_at=None).order_by("detector")
    on: dict[UUID, list[str]] = {}
    for source_id, detector in rows.values_list("source_id", "detector"):
        on.setdefault(source_id, []).append(detector)
    return on


def is_on(*, source_id: UUID, detector: str) -> bool:
    """Return whether a detector is on for a source."""
    return DetectorSetting.objects.filter(source_id=source_id, detector=detector, ended_at=None).exists()


def settings_of(source: Source) -> list[DetectorSetting]:
    """Return which detectors were switched on and off for a source, newest first."""
    rows = DetectorSetting.objects.filter(source=source).select_related("by", "ended_by")
    return list(rows.order_by("-since", "detector")[:50])


def with_findings(facts: dict[str, Any], findings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return facts with what detectors found, and the language from there when the source names none."""
    if not findings:
        return facts
    told = findings.get(LANGUAGE, {}).get("kinds") or [None]
    return {**facts, "findings": findings, "language": facts.get("language") or told[0]}


def found_in(item_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return what detectors found in items, by detector: with their triage, or late in held answers."""
    ids = list(item_ids)
    firsts = TriageDecision.objects.filter(item_id__in=ids, pass_number=1, facts__has_key="findings")
    early = dict(firsts.values_list("item_id", "facts__findings"))
    return {**early, **dict(Finding.objects.filter(item_id__in=ids).values_list("item_id", "found"))}


#: As many open items that share a band are compared.
COMPARED = 16
#: A text that shares no more than this with another is not like it.
LEAST_ALIKE = 0.5
_ALIKE = """
SELECT asked.id, near.item_id, near.signature
FROM json_to_recordset(%(asked)s::json) AS asked (id uuid, bands int[]) CROSS JOIN LATERAL (
  SELECT s.item_id, s.signature FROM triage_sketch s
  WHERE s.bands && asked.bands AND s.workspace_id = %(workspace)s AND s.item_id <> asked.id
    AND (SELECT true FROM triage_queueentry e WHERE e.item_id = s.item_id AND e.ended_at IS NULL)
  LIMIT %(most)s) near
"""
# The planner expects many rows to share a band and would read the table until it has found enough; hardly any do.
_PLAN = """
SELECT set_config('statement_timeout', %s, true), set_config('enable_seqscan', %s, true),
       set_config('enable_indexscan', %s, true)
"""


def nearest_open(
    *, workspace_id: UUID, sketches: Mapping[UUID, Likeness], milliseconds: int
) -> dict[UUID, tuple[UUID, float]]:
    """Return for each sketch the open item most like it and how alike they are; items like no other are missing.

    Raises OperationalError when the database takes longer than ``milliseconds``.
    """
    asked = orjson.dumps([{"id": str(pk), "bands": one.bands} for pk, one in sketches.items()]).decode()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        usual = cursor.fetchone()[0]
        cursor.execute(_PLAN, [str(milliseconds), "off", "off"])
        cursor.execute(_ALIKE, {"asked": asked, "workspace": workspace_id, "most": COMPARED})
        rows = cursor.fetchall()
        cursor.execute(_PLAN, [usual, "on", "on"])
    nearest: dict[UUID, tuple[UUID, float]] = {}
    for pk, other, signature in rows:
        share = alike(sketches[pk].signature, bytes(signature))
        if share >= LEAST_ALIKE and share > nearest.get(pk, (None, 0.0))[1]:
            nearest[pk] = other, share
    return nearest
