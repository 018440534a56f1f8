"""One edge case as its page shows it, and ruling on it: foreseen, then done, taken back while that is possible."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, Invalid, NotReady, NotThere
from reviewqueue.edgecases.actions import Said
from reviewqueue.edgecases.models import EdgeCase, EdgeCaseItem, Ruling
from reviewqueue.edgecases.queries import (
    answering,
    cases_visible_to,
    escalations_like,
    followed,
    members_of,
    standing_ruling,
    undoable_until,
)
from reviewqueue.intake.queries import exact_body_of
from reviewqueue.queues.queries import reason_labels
from reviewqueue.review.models import Decision, Escalation, Severity
from reviewqueue.triage.models import RoutingRule
from reviewqueue.triage.queries import current_policy

from .access import member_page
from .context import MemberRequest
from .kinds.answers import text_of
from .languages import offered, spoken
from .masking import Mask, masks
from .settled import DECISIONS
from .workbench.showing import due, item_address

LONGEST_TEXT = 10_000


def case_context(
    request: MemberRequest,
    case: EdgeCase,
    at: datetime,
    *,
    said: Said | None = None,
    errors: dict[str, str] | None = None,
    foreseen: list[pipeline.ruling.Foreseen] | None = None,
) -> dict[str, Any]:
    """Return the context of templates/edge_cases/edge_case.html."""
    members, mask = list(members_of(case)), masks(request.viewer)
    ruling = standing_ruling(case) if case.ruled_at else None
    may = request.viewer.may("lead")
    return {
        "case": case,
        "content": case.content,
        "due": due(case.due_at, at) if case.is_open else None,
        "due_local": timezone.localtime(case.due_at).strftime("%Y-%m-%dT%H:%M"),
        "finding": _finding(case, members),
        "items": [_member(request, one, mask(one.item)) for one in members],
        "comments": case.comments.select_related("said_by", "content").order_by("said_at"),
        "ruling": _ruling(ruling, reason_labels(request.viewer, get_language() or "")) if ruling else None,
        "rule": _rule_in_force(case) if ruling else None,
        "undo": _undo(ruling, at) if ruling and may else None,
        "since": followed(case),
        "may_lead": may,
        "people": [one.user for one in answering(case.workspace_id)] if may else [],
        "alike": [_alike(request, one) for one in escalations_like(case)] if may and case.is_open else [],
        "form": said or Said(decision=""),
        "errors": errors or {},
        "foreseen": _foreseen(foreseen) if foreseen is not None else None,
        "languages": list(_languages(case, said)),
        "reason_codes": offered(request.viewer),
    }


def _finding(case: EdgeCase, members: list[EdgeCaseItem]) -> str:
    settled = sum(one.settled_at is not None for one in members)
    if case.ruled_at:
        words = ngettext("Ruled: one of %(of)s items settled.", "Ruled: %(n)s of %(of)s items settled.", settled)
        return words % {"n": settled, "of": len(members)}
    if case.dismissed_at:
        return _("Dismissed without a ruling.")
    words = ngettext("One item waits for this ruling.", "%(n)s items wait for this ruling.", len(members))
    return words % {"n": len(members)}


def _member(request: MemberRequest, one: EdgeCaseItem, mask: Mask) -> dict[str, Any]:
    content, asked = one.item.content, one.escalation.content
    return {
        "id": one.pk,
        "label": one.item.external_id,
        "url": item_address(one.item_id, request.viewer),
        "source": one.item.source.name,
        "tags": one.item.risk_tags,
        "answer": "" if content.redacted_at else text_of(one.item.kind, exact_body_of(mask.item(one.item))["output"]),
        "question": "" if asked.redacted_at else mask.text(asked.question),
        "settled_at": one.settled_at,
        "passed_over": one.passed_over,
        "waits": one.ruling_id is not None and one.settled_at is None and not one.passed_over,
        "over": one.escalation.ended_at is not None,
    }


def _alike(request: MemberRequest, one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "label": one.item.external_id,
        "url": item_address(one.item_id, request.viewer),
        "question": "" if one.content.redacted_at else one.content.question,
        "queue": one.entry.queue.name,
        "differ": one.why == Escalation.Why.DISAGREEMENT,
    }


def _ruling(ruling: Ruling, labels: dict[str, str]) -> dict[str, Any]:
    content = ruling.content
    return {
        "id": ruling.pk,
        "version": ruling.version,
        "decision": ruling.decision,
        "decision_words": DECISIONS[ruling.decision](),
        "severity": ruling.severity,
        "reasons": ", ".join(labels.get(slug, slug) for slug in ruling.reason_codes),
        "answer": "" if content.redacted_at else content.answer,
        "texts": [one for one in ruling.texts.all() if not one.redacted_at],
        "by": ruling.ruled_by,
        "at": ruling.ruled_at,
    }


def _rule_in_force(case: EdgeCase) -> RoutingRule | None:
    """Return the rule in force that has the case's title: what is drafted of a ruling is called so."""
    policy = current_policy(case.workspace_id)
    if policy is None or case.content.redacted_at:
        return None
    return policy.rules.filter(name=case.content.title).order_by("position").first()


def _undo(ruling: Ruling, at: datetime) -> int | None:
    """Return for how many seconds the ruling can still be taken back; None when it cannot."""
    last = undoable_until(ruling)
    until = (last or ruling.ruled_at) + timedelta(seconds=settings.UNDO_SECONDS)
    left = (until - at).total_seconds()
    return max(1, round(left)) if left > 0 else None


def _languages(case: EdgeCase, said: Said | None) -> Iterator[dict[str, str]]:
    for code, name in spoken(case.workspace_id):
        yield {"code": code, "name": name, "words": said.words.get(code, "") if said else ""}


def _foreseen(found: list[pipeline.ruling.Foreseen]) -> dict[str, Any]:
    left = [one for one in found if one.passed_over]
    return {
        "settled": len(found) - len(left),
        "left": [{"label": one.member.item.external_id, "why": one.passed_over} for one in left],
    }


# --- ruling -------------------------------------------------------------------------------------------------------


@require_POST
@never_cache
@member_page("lead")
def edge_case_rule(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show what a ruling would do; rule when that was seen and is wanted."""
    case, at = _find(request, pk), now()
    said = _said(request)
    try:
        if not case.is_open:
            raise Conflict("This edge case is over already.")
        pipeline.ruling.check_ruling(case=case, said=said)
        if "confirm" in request.POST:
            return _rule(request, case, said, at)
    except Invalid as error:
        errors = {place.pointer.split("/")[1]: place.detail for place in error.places}
        context = case_context(request, case, at, said=said, errors=errors)
        return render(request, "edge_cases/edge_case.html", context, status=422)
    except Conflict as error:
        messages.error(request, error.detail)
        return redirect("edge_case", case.pk)
    foreseen = pipeline.foresee(case=case, said=said, by=request.user)
    return render(request, "edge_cases/edge_case.html", case_context(request, case, at, said=said, foreseen=foreseen))


def _rule(request: MemberRequest, case: EdgeCase, said: Said, at: datetime) -> HttpResponse:
    ruling = pipeline.rule(case=case, said=said, by=request.viewer, now=at)
    pipeline.settle_ruled(now=at, ruling=ruling)  # the first of them at once; workers settle the rest
    messages.success(request, _("Ruled. It is shown from now on beside items that are like these."))
    return redirect("edge_case", case.pk)


def _said(request: MemberRequest) -> Said:
    """Return the ruling as it was typed; what is no decision or severity is left for the rules to refuse."""
    sent = request.POST
    decision = sent.get("decision", "")
    words = {code: _clean(sent.get(f"words_{code}", "")) for code in dict(settings.LANGUAGES)}
    said = Said(
        decision=decision if decision in Decision.values else "",
        severity=sent.get("severity", "") if sent.get("severity") in Severity.values else "",
        reason_codes=[_clean(one)[:50] for one in sent.getlist("reason_codes")][:50],
        follow_up="follow_up" in sent,
        answer=_clean(sent.get("answer", "")) if decision == Decision.EDIT else "",
        words={code: text for code, text in words.items() if text},
    )
    return replace(said, severity="none", reason_codes=[], follow_up=False) if decision == "approve" else said


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:LONGEST_TEXT]


@require_POST
@member_page("lead")
def edge_case_undo(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take the ruling back while its outcomes have not been sent."""
    case = _find(request, pk)
    ruling = standing_ruling(case)
    try:
        if ruling is None:
            raise Conflict("There is no ruling to take back.")
        undone = pipeline.take_back(ruling=ruling, by=request.viewer, now=now())
    except Conflict as error:
        messages.warning(request, error.detail)
    else:
        words = ngettext("Taken back: one item waits again.", "Taken back: %(n)s items wait again.", undone)
        messages.success(request, words % {"n": undone})
    return redirect("edge_case", case.pk)


# --- becoming a rule ----------------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def edge_case_to_rule(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Draft a routing rule of what the items have in common, and ask whether it is to be put in force."""
    case = _find(request, pk)
    try:
        drafted = pipeline.draft_rule(case=case, by=request.viewer, now=now())
    except (Conflict, Invalid, NotReady) as error:
        messages.error(request, error.detail)
        return redirect("edge_case", case.pk)
    if not drafted.narrow:
        words = _("All that these items have in common is where they come from. Say what else marks them.")
        messages.warning(request, words)
        return redirect("policy_rule", drafted.rule.pk)
    messages.info(request, _("The new rule stands first in the draft. Put it in force, or go on with the draft."))
    return redirect("policy_activate")


def _find(request: MemberRequest, pk: UUID) -> EdgeCase:
    found = cases_visible_to(request.viewer).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found
