"""The verbs that write a policy's versions: draft, edit, activate, roll back. None is edited once in force."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from reviewqueue.accounts.models import User, Workspace
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.queues.models import Queue

from ..conditions import faults
from ..models import Replay, RoutingPolicy, RoutingRule, SamplingRate

#: The fields of a rule that the next version of a policy takes over.
KEPT = (
    "name",
    "conditions",
    "queue",
    "urgency",
    "due_minutes",
    "reviews_required",
    "required_skills",
    "language",
    "blind",
    "owner",
    "sample_rate",
)
MOST_RULES = 100
MOST_MINUTES = 60 * 24 * 365


class DraftGone(Conflict):
    """This draft has been activated or discarded meanwhile."""

    slug = "draft-gone"


def activate_policy(
    *,
    workspace_id: UUID,
    rules: Sequence[Mapping[str, Any]],
    audit_rate: float,
    audit_queue: Queue,
    by: User | None,
    actor: Actor,
    now: datetime,
    rates: Sequence[Mapping[str, Any]] = (),
    note: str = "",
    based_on: RoutingPolicy | None = None,
    seen: RoutingPolicy | None = None,
) -> RoutingPolicy:
    """Write the next version of a workspace's policy and make it current.

    ``rules`` are ordered mappings with the fields of RoutingRule, ``rates`` with source, model_version and rate.
    Raises Invalid with the place of a bad condition, Conflict when another than the one ``seen`` is in force by now.
    """
    _check_rules(rules)
    with transaction.atomic():
        version = _next_version(workspace_id)
        if seen:
            _refuse_unseen(seen, version)
        policy = RoutingPolicy(
            workspace_id=workspace_id,
            version=version,
            audit_rate=audit_rate,
            audit_queue=audit_queue,
            based_on=based_on,
            note=note,
            created_at=now,
            created_by=by,
            activated_at=now,
            activated_by=by,
        )
        # its content first: nothing is added to a policy in force, and a foreign key is judged at the commit
        _write_rules(policy, rules)
        _write_rates(policy, rates)
        policy.save(force_insert=True)
        record(workspace_id=workspace_id, verb="activate", subject=("policy", policy.pk), by=actor, at=now)
    return policy


def _next_version(workspace_id: UUID) -> int:
    """Return the next number; versions of one workspace are numbered one after the other."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    last = RoutingPolicy.objects.filter(workspace_id=workspace_id).aggregate(last=Max("version"))["last"]
    return (last or 0) + 1


def _write_rules(policy: RoutingPolicy, rules: Sequence[Mapping[str, Any]]) -> None:
    RoutingRule.objects.bulk_create(
        RoutingRule(workspace_id=policy.workspace_id, policy=policy, position=place, **rule)
        for place, rule in enumerate(rules, start=1)
    )


def _write_rates(policy: RoutingPolicy, rates: Sequence[Mapping[str, Any]]) -> None:
    SamplingRate.objects.bulk_create(
        SamplingRate(workspace_id=policy.workspace_id, policy=policy, **rate) for rate in rates
    )


def _check_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    places = [
        place
        for number, rule in enumerate(rules)
        for place in faults(rule.get("conditions", []), f"#/rules/{number}/conditions")
    ]
    if places:
        raise Invalid("A rule's condition is wrong.", places=places)


def fields_of(rule: RoutingRule) -> dict[str, Any]:
    """Return what the next version takes over of a rule."""
    return {name: getattr(rule, name) for name in KEPT}


def rates_of(policy: RoutingPolicy) -> list[dict[str, Any]]:
    """Return what the next version takes over of a policy's sampling rates."""
    names = "source", "model_version", "rate"
    return [{name: getattr(one, name) for name in names} for one in policy.rates.order_by("source", "model_version")]


# --- a draft ------------------------------------------------------------------------------------------------------


def draft_policy(
    *,
    based_on: RoutingPolicy,
    by: User | None,
    actor: Actor,
    now: datetime,
    rules: Sequence[RoutingRule] | None = None,
) -> RoutingPolicy:
    """Open the workspace's draft with the content of a version, or with ``rules`` instead of its own.

    Raises Conflict while there is a draft: leads work on one together, so that none overwrites another's.
    """
    workspace_id = based_on.workspace_id
    kept = list(based_on.rules.order_by("position")) if rules is None else rules
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        if RoutingPolicy.objects.filter(workspace_id=workspace_id, activated_at=None).exists():
            raise Conflict(_("There is a draft already; it is activated or discarded first."))
        draft = RoutingPolicy.objects.create(
            workspace_id=workspace_id,
            version=0,
            audit_rate=based_on.audit_rate,
            audit_queue=based_on.audit_queue,
            based_on=based_on,
            created_at=now,
            created_by=by,
        )
        _write_rules(draft, [fields_of(one) for one in kept])
        _write_rates(draft, rates_of(based_on))
        record(workspace_id=workspace_id, verb="draft", subject=("policy", draft.pk), by=actor, at=now)
    return draft


def _held(draft: RoutingPolicy) -> RoutingPolicy:
    """Keep a draft from being activated to the end of the transaction. Raises DraftGone."""
    held = RoutingPolicy.objects.select_for_update().filter(pk=draft.pk, activated_at=None).first()
    if held is None:
        raise DraftGone
    return held


def _edited(draft: RoutingPolicy, actor: Actor, now: datetime) -> None:
    RoutingPolicy.objects.filter(pk=draft.pk).update(edited_at=now)
    record(workspace_id=draft.workspace_id, verb="edit", subject=("policy", draft.pk), by=actor, at=now)


def save_rule(
    *, draft: RoutingPolicy, rule: RoutingRule | None, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> RoutingRule:
    """Write one of a draft's rules, or a new one at its end.

    Raises Invalid with the place of what is wrong, DraftGone when the rule was taken out meanwhile.
    """
    if places := faults(fields["conditions"], "#/conditions"):
        raise Invalid(_("A condition is not complete."), places=places)
    _check_fields(fields)
    with transaction.atomic():
        held = _held(draft)
        if rule is None:
            written = RoutingRule(workspace_id=held.workspace_id, policy=held, position=_room(held))
        else:
            written = _as_it_stands(rule, held)
        for name, value in fields.items():
            setattr(written, name, value)
        written.save()
        _edited(held, actor, now)
    return written


def _as_it_stands(rule: RoutingRule, draft: RoutingPolicy) -> RoutingRule:
    """Return a rule of a draft that is held as it is now: others may have moved it, or taken it out."""
    found = RoutingRule.objects.filter(pk=rule.pk, policy=draft).first()
    if found is None:
        raise DraftGone
    return found


def _room(draft: RoutingPolicy) -> int:
    last = RoutingRule.objects.filter(policy=draft).aggregate(last=Max("position"))["last"] or 0
    if last >= MOST_RULES:
        raise Invalid(_("A policy has at most %(n)s rules.") % {"n": MOST_RULES})
    return last + 1


def _check_fields(fields: Mapping[str, Any]) -> None:
    bounds = {"due_minutes": (1, MOST_MINUTES), "reviews_required": (1, 9), "sample_rate": (0, 1)}
    places = [
        Place(f"#/{name}", _("Between %(least)s and %(most)s.") % {"least": least, "most": most})
        for name, (least, most) in bounds.items()
        if fields.get(name) is not None and not least <= fields[name] <= most
    ]
    if not fields["name"].strip():
        places.append(Place("#/name", _("A name is required.")))
    if places:
        raise Invalid(_("The rule is not complete."), places=places)


def remove_rule(*, rule: RoutingRule, actor: Actor, now: datetime) -> None:
    """Take a rule out of a draft. Raises DraftGone."""
    with transaction.atomic():
        held = _held(rule.policy)
        RoutingRule.objects.filter(pk=rule.pk).delete()
        _number(list(RoutingRule.objects.filter(policy=held).order_by("position")))
        _edited(held, actor, now)


def move_rule(*, rule: RoutingRule, steps: int, actor: Actor, now: datetime) -> None:
    """Move a draft's rule down by ``steps`` (up when negative), as far as there is room. Raises DraftGone."""
    with transaction.atomic():
        held = _held(rule.policy)
        rules = list(RoutingRule.objects.filter(policy=held).order_by("position"))
        place = rules.index(_as_it_stands(rule, held))
        rules.insert(max(0, min(len(rules) - 1, place + steps)), rules.pop(place))
        _number(rules)
        _edited(held, actor, now)


def _number(rules: Sequence[RoutingRule]) -> None:
    for position, rule in enumerate(rules, start=1):
        rule.position = position
    RoutingRule.objects.bulk_update(rules, ["position"])


def save_sampling(
    *,
    draft: RoutingPolicy,
    audit_rate: float,
    audit_queue: Queue,
    rates: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> None:
    """Say which share people see of what passes. Raises Invalid, DraftGone."""
    if not all(0 <= one <= 1 for one in (audit_rate, *(rate["rate"] for rate in rates))):
        raise Invalid(_("A rate is between 0 and 100 %."))
    named = [(rate["source"], rate["model_version"]) for rate in rates]
    if ("", "") in named or len(set(named)) < len(named):
        raise Invalid(_("Each rate names a source, a model version or both, and each of them once."))
    with transaction.atomic():
        held = _held(draft)
        held.audit_rate, held.audit_queue = audit_rate, audit_queue
        held.save(update_fields=["audit_rate", "audit_queue"])
        SamplingRate.objects.filter(policy=held).delete()
        _write_rates(held, rates)
        _edited(held, actor, now)


def discard_draft(*, draft: RoutingPolicy, actor: Actor, now: datetime) -> None:
    """Throw a draft away, with what was tried of it. Raises DraftGone."""
    with transaction.atomic():
        held = _held(draft)
        Replay.objects.filter(draft=held).delete()
        SamplingRate.objects.filter(policy=held).delete()
        RoutingRule.objects.filter(policy=held).delete()
        RoutingPolicy.objects.filter(pk=held.pk).delete()
        record(workspace_id=held.workspace_id, verb="discard", subject=("policy", held.pk), by=actor, at=now)


# --- in force -----------------------------------------------------------------------------------------------------


def activate_draft(
    *, draft: RoutingPolicy, seen: RoutingPolicy, note: str, by: User | None, actor: Actor, now: datetime
) -> RoutingPolicy:
    """Give a draft the next number and put it in force.

    ``seen`` is the version that it was compared with. Raises Conflict when another is in force by now, DraftGone.
    """
    with transaction.atomic():
        version = _next_version(draft.workspace_id)
        held = _held(draft)
        _refuse_unseen(seen, version)
        held.version, held.note, held.activated_at, held.activated_by = version, note.strip()[:500], now, by
        held.save(update_fields=["version", "note", "activated_at", "activated_by"])
        record(workspace_id=held.workspace_id, verb="activate", subject=("policy", held.pk), by=actor, at=now)
    return held


def _refuse_unseen(seen: RoutingPolicy, next_version: int) -> None:
    if seen.version != next_version - 1:
        raise Conflict(_("Another policy has come into force meanwhile. Please look at the differences again."))


def roll_back(*, to: RoutingPolicy, note: str, by: User | None, actor: Actor, now: datetime) -> RoutingPolicy:
    """Put an old version's content in force again, as a new version."""
    return activate_policy(
        workspace_id=to.workspace_id,
        rules=[fields_of(one) for one in to.rules.order_by("position")],
        rates=rates_of(to),
        audit_rate=to.audit_rate,
        audit_queue=to.audit_queue,
        based_on=to,
        note=note.strip()[:500],
        by=by,
        actor=actor,
        now=now,
    )
