"""What the workbench shows of one turn."""

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.actions import lanes_of
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.assignment.queries import draft_for, waiting_for
from reviewqueue.common.exactjson import dumped, numbered
from reviewqueue.edgecases.queries import precedents_for
from reviewqueue.intake.models import Item, Kind
from reviewqueue.intake.queries import exact_body_of
from reviewqueue.queues.queries import current_rubric
from reviewqueue.review.corrections import candidates_of, shuffled
from reviewqueue.review.models import Review
from reviewqueue.review.queries import (
    open_appeal,
    open_escalation_of,
    review_at,
    reviews_beside,
    reviews_visible_to,
    undoable_by,
)
from reviewqueue.triage.detector_words import finding_words
from reviewqueue.triage.queries import current_decision, found_in, signals_of
from reviewqueue.triage.rules import explain

from ..context import MemberRequest
from ..covering import Cover, cover_of
from ..kinds.answers import OF_FACTS, Shown, became, facts_in, schema_of, shown_answer, text_of
from ..kinds.evidence import given_of
from ..kinds.fields import Field, fields_of
from ..languages import offered
from ..masking import Mask, mask_of
from ..safe_text import markdown, raw
from ..settled import DECISIONS
from .form import PREFER, Typed, snooze_choices, typed_before, typed_facts
from .gates import gate_context

SOON = timedelta(minutes=15)


def turn_context(
    request: MemberRequest, turn: Assignment, *, now: datetime, typed: Typed | None = None, errors: dict | None = None
) -> dict[str, Any]:
    """Return the context of templates/workbench/workbench.html."""
    mask, form = mask_of(request.viewer, turn.item, since=turn.opened_at), typed or typed_so_far(turn)
    closed = mask.hides(answer_of(turn.item), form.correction, *form.fields.values())
    turn = _masked(turn, mask)
    body = exact_body_of(turn.item)
    answer = answer_of(turn.item)
    hidden = confidence_hidden(turn)
    rubric = current_rubric(turn.entry.queue)
    decision = current_decision(turn.item_id)
    cover = cover_of(turn.item)
    given = given_of(turn.item.kind, body, cover)
    shown_as = _answer(turn, cover)
    shown = {
        "id": turn.pk,
        "fence": turn.fence,
        "lease_seconds": max(0, round((turn.slot.expires_at - now).total_seconds())) if turn.slot.expires_at else 0,
        "queue": _queue(request, turn),
        "item": _item(turn.item, request.viewer),
        "due": due(turn.entry.due_at, now),
        **gate_context(turn.item, now),
        "documents": list(_documents(body)),
        "attributes": [(raw(name), raw(_value(value))) for name, value in sorted(turn.item.attributes.items())],
        "links": list(_links(body)),
        "answer": {"text": answer, "raw": raw(_as_sent(turn, answer)), "shown": shown_as},
        "labels": turn.item.declaration.labels if turn.item.declaration else [],
        "confidence": "" if hidden or turn.item.confidence is None else f"{turn.item.confidence:.2f}",
        "confidence_hidden": hidden and turn.item.confidence is not None,
        "why": explain(decision.reasons, hides_confidence=hidden) if decision else [],
        "objections": list(_objections(turn, mask)),
        "risk": {"level": turn.item.risk_level, "label": _risk(turn.item), "tags": turn.item.risk_tags},
        "guidelines": rubric.lines(get_language() or "") if rubric else [],
        "precedents": list(_precedents(turn)),
        "reason_codes": _reason_codes(request.viewer, with_keys=turn.item.kind != Kind.COMPARISON),
        "form": form,
        "fields": _fields(turn.item, form, errors or {}),
        "errors": errors or {},
        "for_a_lead": turn.slot.kind == Slot.Kind.ADJUDICATION,
        "talk": given.talk,
        "texts": given.texts,
        "covered": given.covered or shown_as.covered,
        **_beside(turn, request.viewer, mask),
        "found": finding_words(found_in([turn.item_id]).get(turn.item_id, {})),
        "closed": closed,
    }
    # only now is it known what was hidden
    return {"turn": {**shown, "hidden": mask.kinds}, "snooze_choices": snooze_choices(), **bar(request, now)}


def _masked(turn: Assignment, mask: Mask) -> Assignment:
    """Return a copy of a turn with what may be shown of its item; never to be saved."""
    shown = copy.copy(turn)
    shown.item = mask.item(turn.item)
    return shown


def bar(request: MemberRequest, now: datetime) -> dict[str, Any]:
    """Return what stands around every turn: today's count and what can be undone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = reviews_visible_to(request.viewer).filter(user=request.user, submitted_at__gte=midnight)
    return {"today": mine.order_by().values("assignment__slot").distinct().count(), "undo": _undo(request, now)}


def _undo(request: MemberRequest, now: datetime) -> dict[str, Any] | None:
    due_publication = undoable_by(request.viewer, now=now)
    if due_publication is None:
        return None
    outcome = due_publication.outcome
    left = (due_publication.due_at - now).total_seconds()
    return {
        "url": reverse("undo", args=[outcome.pk]),
        "label": outcome.item.external_id,
        "seconds": max(1, round(left)),
    }


def confidence_hidden(turn: Assignment) -> bool:
    """Return whether this person must judge without knowing how sure the AI was: until somebody has judged."""
    return turn.entry.queue.hides_confidence and turn.slot.kind != Slot.Kind.ADJUDICATION


def answer_of(item: Item) -> str:
    """Return the AI's answer as the text that a person edits: the content, the label, or the facts as JSON."""
    return text_of(item.kind, exact_body_of(item)["output"])


def candidate_order(turn: Assignment) -> list[str]:
    """Return the order in which this person sees the candidates of a comparison."""
    return shuffled(exact_body_of(turn.item)["output"], item_id=turn.item_id, user_id=turn.user_id)


def _answer(turn: Assignment, cover: Cover) -> Shown:
    order = candidate_order(turn) if turn.item.kind == Kind.COMPARISON else None
    return shown_answer(turn.item.kind, exact_body_of(turn.item)["output"], order, cover)


def _as_sent(turn: Assignment, answer: str) -> str:
    """Return the answer for the raw view: the text itself, the object, or the candidates without their names."""
    output = exact_body_of(turn.item)["output"]
    if turn.item.kind == Kind.COMPARISON:
        contents = candidates_of(output)
        return "\n\n".join(f"{n}. {contents[one]}" for n, one in enumerate(candidate_order(turn), start=1))
    return dumped(output, indent=True) if turn.item.kind in OF_FACTS else answer


def _fields(item: Item, form: Typed, errors: dict[str, Any]) -> list[Field]:
    if item.kind not in OF_FACTS:
        return []
    output = exact_body_of(item)["output"]
    wrong = {pointer.removeprefix("/arguments"): said for pointer, said in errors.get("fields", {}).items()}
    if item.kind != Kind.ACTION:
        wrong = errors.get("fields", {})
    schema = schema_of(item.kind, output, item.declaration)
    return fields_of(facts_in(item.kind, output), schema, form.fields, wrong)


def typed_so_far(turn: Assignment) -> Typed:
    """Return what the person has typed about this item, here or in an earlier turn; else the AI's answer to edit."""
    draft = draft_for(turn)
    typed = typed_before(draft.body, draft.saved_at) if draft else Typed()
    undone = review_at(turn)
    # what was submitted was the last word of its turn, also when a draft of that turn was stored a moment later
    if undone and (
        draft is None or draft.assignment_id == undone.assignment_id or undone.submitted_at > draft.saved_at
    ):
        typed = _as_submitted(undone, turn.item)
    if turn.item.kind != Kind.CLASSIFICATION:
        # a text is edited where it stands; a label is chosen anew
        typed.correction = typed.correction or answer_of(turn.item)
    return typed


def _as_submitted(review: Review, item: Item) -> Typed:
    correction = numbered(review.content.correction) if review.content.correction else {}
    typed = Typed(
        decision=review.decision,
        severity="" if review.decision == "approve" else review.severity,
        reason_codes=review.reason_codes,
        cause=review.cause,
        note=review.content.note,
        follow_up=review.follow_up,
        train_no=not review.train,
        saved_at=review.submitted_at,
    )
    if "preferred" in correction and item.kind == Kind.COMPARISON:
        typed.decision, typed.severity = PREFER + correction["preferred"], ""
    elif correction:
        typed.correction = text_of(item.kind, correction)
        # as JSON, which holds whatever was changed
        typed.as_json = item.kind in OF_FACTS
    return typed


def typed_text(typed: Typed, item: Item) -> str:
    """Return what was typed as one text, to be given back when the turn is over."""
    if item.kind not in OF_FACTS or typed.as_json:
        return typed.correction
    facts, _wrong = typed_facts(typed, item)
    return dumped(facts, indent=True)


def due(at: datetime, now: datetime) -> dict[str, Any]:
    """Return a promise as a tag shows it."""
    left = at - now
    state = "late" if left < timedelta() else "soon" if left < SOON else ""
    return {"at": at, "left": left, "state": state}


def item_address(item_id: Any, viewer: Viewer) -> str:
    """Return the address of an item's page, or nothing for those who do not see it."""
    return reverse("item", args=[item_id]) if viewer.may("see_items") else ""


# --- parts ------------------------------------------------------------------------------------------------------


def _queue(request: MemberRequest, turn: Assignment) -> dict[str, Any]:
    queue = turn.entry.queue
    lanes = lanes_of(membership=request.membership, queues=[queue])
    return {"name": queue.name, "slug": queue.slug, "waiting": waiting_for(viewer=request.viewer, lanes=lanes)}


def _item(item: Item, viewer: Viewer) -> dict[str, Any]:
    version = item.model_version
    return {
        "id": item.pk,
        "external_id": item.external_id,
        "url": item_address(item.pk, viewer),
        "source": item.source.slug,
        "model": f"{version.name} {version.version}" if version else "",
        "kind": item.kind,
        "occurred_at": item.occurred_at,
    }


def _risk(item: Item) -> str:
    return {"low": _("risk low"), "medium": _("risk medium"), "high": _("risk high")}.get(item.risk_level, "")


def _reason_codes(viewer: Viewer, *, with_keys: bool) -> list[dict[str, str]]:
    """Return the reasons to choose from; the digits are theirs unless candidates are chosen by them."""
    codes = enumerate(offered(viewer), start=1)
    return [{**code, "key": str(n) if with_keys and n < 10 else ""} for n, code in codes]


def _documents(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    given = body.get("input")
    for one in given.get("documents", []) if isinstance(given, dict) else []:
        if isinstance(one, dict):
            text = str(one.get("text", ""))
            title = str(one.get("title") or one.get("id", ""))
            yield {
                "id": raw(str(one.get("id", ""))),
                "title": raw(title),
                "html": markdown(text),
                "peek": raw(text[:400]),
            }


def _links(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the source's links; only plain web addresses can be clicked, and their host is shown."""
    for one in body.get("links") or []:
        url = str(one.get("url", "")) if isinstance(one, dict) else ""
        if url.startswith(("https://", "http://")):
            yield {"title": raw(str(one.get("title") or url)), "url": url, "host": urlsplit(url).hostname or ""}


def _value(value: Any) -> str:
    """Return an attribute's value as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else dumped(value)


def _objections(turn: Assignment, mask: Mask) -> Iterator[dict[str, str]]:
    """Yield what somebody outside said against the answer or the outcome, in their words."""
    appeal = open_appeal(turn.item_id)
    if appeal and not appeal.content.redacted_at and appeal.content.reason:
        yield {"who": mask.text(appeal.content.said_by), "text": mask.text(appeal.content.reason)}
    for signal in signals_of(turn.item_id):
        if not signal.content.redacted_at and signal.content.note:
            by = signal.reported_by.name if signal.reported_by else signal.content.said_by
            yield {"who": mask.text(by), "text": mask.text(signal.content.note)}


def _precedents(turn: Assignment) -> Iterator[dict[str, Any]]:
    """Yield what was ruled on items like this one, nearest first, in the person's language."""
    for ruling, words in precedents_for(turn.item, language=get_language() or ""):
        content = ruling.case.content
        yield {
            "id": ruling.pk,
            "case": "" if content.redacted_at else content.title,
            "decision_words": DECISIONS[ruling.decision](),
            "words": words,
        }


def _beside(turn: Assignment, viewer: Viewer, mask: Mask) -> dict[str, Any]:
    """Return what was said of the item before, as far as this person may see it: reviews, and the question."""
    asked = turn.slot.kind == Slot.Kind.ADJUDICATION
    escalation = open_escalation_of(item_id=turn.item_id, viewer=viewer) if asked else None
    question = escalation.content.question if escalation and not escalation.content.redacted_at else ""
    return {
        "question": {"text": mask.text(question), "who": escalation.opened_by} if escalation and question else None,
        "reviews": [_review(one, turn.item, mask) for one in reviews_beside(turn)],
    }


def _review(review: Review, item: Item, mask: Mask) -> dict[str, Any]:
    correction = mask.value(numbered(review.content.correction)) if review.content.correction else None
    return {
        "id": review.pk,
        "who": review.user,
        "decision": review.decision,
        "severity": review.severity,
        "became": became(item.kind, exact_body_of(item)["output"], correction),
        "note": mask.text(review.content.note),
    }
