"""One item's whole story: what the AI said, every step with who and when, each review beside the others."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.models import Assignment, BulkStep, Slot
from reviewqueue.assignment.queries import hold_of, last_step
from reviewqueue.assignment.queries import visible_to as turns_visible_to
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, NotThere
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import exact_body_of, visible_to
from reviewqueue.pipeline.mending import articles_of
from reviewqueue.queues.queries import reason_labels
from reviewqueue.review.models import Cause, Disagreement, Outcome, Review
from reviewqueue.review.queries import disagreements_of, outcomes_visible_to, reviews_visible_to
from reviewqueue.triage.detector_words import finding_words
from reviewqueue.triage.queries import found_in, open_stay

from .access import member_page
from .change_words import NAMES, asked_of, did
from .context import MemberRequest
from .covering import cover_of
from .item_story import masked_step, steps_of
from .kinds.answers import shown_answer
from .kinds.evidence import given_of
from .masking import mask_of
from .settled import DECISIONS, shown_outcome, shown_review


@require_GET
@never_cache
@member_page()
def item(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show an item to those who may see it."""
    found = find_item(request.viewer, pk)
    return render(request, "item/item.html", {**_context(request.viewer, found), "links": _links(request, found)})


@require_POST
@member_page()
def item_unmask(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show the personal data of an item to somebody who asks for it, and put that on record."""
    pipeline.unmask(item=find_item(request.viewer, pk), by=request.viewer, now=now())
    return redirect("item", pk)


def _links(request: MemberRequest, found: Item) -> dict[str, str]:
    """Return whole addresses to pass on: of the item, and of the form that reports it, as a help desk names it."""
    named = {"source": found.source.slug, "external_id": found.external_id}
    return {
        "item": request.build_absolute_uri(reverse("item", args=[found.pk])),
        "report": request.build_absolute_uri(reverse("report", query=named)),
    }


@require_GET
@never_cache
@member_page()
def item_raw(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Hand out an item's exact bytes as they came."""
    found = find_item(request.viewer, pk)
    if found.content.redacted_at or _is_judging(request.viewer, found):
        raise NotThere
    if mask_of(request.viewer, found).hides(found.content.body):
        raise Conflict(_("It holds personal data. Ask for that on the item's page first."))
    response = HttpResponse(found.content.body.encode(), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.pk}.json"'
    return response


def find_item(viewer: Viewer, pk: UUID) -> Item:
    """Return an item; a reviewer finds only what they have reviewed or hold. Raises NotThere."""
    items = visible_to(viewer).select_related("source", "model_version", "content", "now_at")
    found = items.filter(pk=pk).first()
    if found is None or not (viewer.may("see_items") or _had_it(viewer, found)):
        raise NotThere
    return found


def _had_it(viewer: Viewer, found: Item) -> bool:
    mine = Assignment.objects.filter(item=found, user=viewer.user, workspace_id=viewer.workspace_id)
    return mine.filter(ended_at=None).exists() or reviews_visible_to(viewer).filter(item=found).exists()


def _is_judging(viewer: Viewer, found: Item) -> bool:
    """Return whether the viewer is about to review the item: then nobody else's view may colour theirs."""
    mine = turns_visible_to(viewer).filter(item=found, user=viewer.user, ended_at=None)
    return mine.exclude(slot__kind=Slot.Kind.ADJUDICATION).exists()


def _context(viewer: Viewer, found: Item) -> dict[str, Any]:
    blind = _is_judging(viewer, found)
    mask = mask_of(viewer, found)
    shown = mask.item(found)
    body = exact_body_of(shown)
    cover = cover_of(found)
    given = given_of(found.kind, body, cover)
    labels = reason_labels(viewer, get_language() or "")
    reviews = [] if blind else _reviews(viewer, found)
    outcomes = [] if blind else _outcomes(viewer, found)
    return {
        "item": found,
        "blind": blind,
        "finding": finding(found, outcomes),
        "state": found.now_at.state,
        "talk": given.talk,
        "texts": given.texts,
        "answer": shown_answer(found.kind, body["output"], cover=cover),
        "reviews": [shown_review(one, found.kind, body["output"], labels, mask) for one in reviews],
        "outcomes": [shown_outcome(one, found.kind, body["output"], mask) for one in outcomes],
        "disagreements": [] if blind else [_disagreement(one) for one in disagreements_of(found.pk)],
        "steps": [masked_step(one, mask) for one in steps_of(viewer=viewer, item=found, blind=blind)],
        "evidence": _evidence(found, shown),
        "found": finding_words(found_in([found.pk]).get(found.pk, {})),
        "waits": None if blind else _waits(viewer, found),
        "attributes": sorted(shown.attributes.items()),
        "may_list": viewer.may("see_items"),
        "articles": articles_of(found) if not blind and viewer.may("review") else None,
        "knowledge_open": any(one.cause == Cause.KNOWLEDGE for one in reviews),
        "hidden": mask.kinds,
    }


def _reviews(viewer: Viewer, found: Item) -> QuerySet[Review]:
    rows = reviews_visible_to(viewer).filter(item=found).select_related("user", "content", "assignment")
    return rows.order_by("submitted_at", "pk")


def _outcomes(viewer: Viewer, found: Item) -> QuerySet[Outcome]:
    rows = outcomes_visible_to(viewer).filter(item=found)
    return rows.select_related("content", "publication", "undo__undone_by", "review__user").order_by("-version")


def _disagreement(one: Disagreement) -> dict[str, Any]:
    """Return how reviews of one stay differed: how many gave each answer, and what settled it."""
    answers = Counter((given["answer"], given["decision"]) for given in one.decisions)
    decisions = Counter(what for _answer, what in answers)
    said = [
        _("%(n)s × %(decision)s") % {"n": n, "decision": DECISIONS[what]()}
        + (f" ({ascii_uppercase[answer - 1]})" if decisions[what] > 1 else "")
        for (answer, what), n in answers.items()
    ]
    return {"at": one.at, "said": ", ".join(said), "settled_by": one.settled_by}


def _waits(viewer: Viewer, found: Item) -> dict[str, Any] | None:
    """Return where an item waits, and for a lead what can be done about it and what was done last."""
    stay = open_stay(found.pk)
    last = last_step(found.pk) if viewer.may("lead") else None
    if stay is None and last is None:
        return None
    return {
        "stay": stay,
        "ahead": timedelta(minutes=stay.ahead_minutes) if stay else None,
        "behind": bool(stay and stay.ahead_minutes < 0),
        "hold": hold_of(found.pk),
        "verbs": [(verb, name()) for verb, name in NAMES.items()] if stay and viewer.may("lead") else [],
        "last": _last_change(last) if last else None,
    }


def _last_change(step: BulkStep) -> dict[str, Any]:
    action, content = step.action, step.action.content
    return {
        "action": action,
        "did": did(asked_of(action), 1),
        "reason": "" if content.redacted_at else content.reason,
        "alone": not action.steps.exclude(pk=step.pk).exists(),
    }


def finding(found: Item, outcomes: Iterable[Outcome]) -> str:
    """Say in one sentence how an item stands."""
    standing = next((one for one in outcomes if not hasattr(one, "undo")), None)
    if found.now_at.state == State.SETTLED and standing:
        return _settled(standing)
    if found.now_at.state in (State.QUEUED, State.IN_REVIEW) and standing:
        return _("It was decided, and people look at it again.")
    words = {
        State.RECEIVED: _("Received, waiting for triage."),
        State.QUEUED: _("It waits for somebody to judge it."),
        State.IN_REVIEW: _("Somebody is judging it."),
        State.ESCALATED: _("It waits for a lead's decision."),
        State.SETTLED: _("It is settled."),
        State.PASSED: _("No person was needed: triage let it pass."),
        State.WITHDRAWN: _("The AI system withdrew it."),
    }
    return words[State(found.now_at.state)]


def _settled(outcome: Outcome) -> str:
    if outcome.decision == "approve":
        return _("A person approved the answer.")
    severity = {
        "none": _("a matter of style"),
        "minor": _("a minor fault"),
        "major": _("a major fault"),
        "critical": _("a critical fault"),
    }[outcome.severity or "none"]
    if outcome.decision == "reject":
        return _("A person rejected the answer: %(severity)s.") % {"severity": severity}
    return _("A person corrected the answer: %(severity)s.") % {"severity": severity}


def _evidence(found: Item, shown: Item) -> dict[str, Any]:
    """Return what proves what the AI sent: the bytes and their SHA-256, checked again at this moment.

    ``shown`` is the item as it may be shown; what is checked is the item as it is.
    """
    content = found.content
    if content.redacted_at:
        return {"redacted_at": content.redacted_at}
    body = content.body.encode()
    stored = bytes(content.sha256).hex()
    return {
        "raw": shown.content.body,
        "bytes": len(body),
        "sha256": stored,
        "matches": hashlib.sha256(body).hexdigest() == stored,
        "url": reverse("item_raw", args=[found.pk]),
    }
