"""A reviewer's turn through the API: keep it, submit a review, give it back, or ask a lead."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.assignment.models import Assignment
from reviewqueue.assignment.queries import visible_to
from reviewqueue.common.errors import Invalid, NotThere, Place
from reviewqueue.intake.models import Kind, State
from reviewqueue.queues.queries import current_rubric
from reviewqueue.review.rules import Judgement

from .fields import Fields
from .items import shown_items, state_shown
from .resource import Resource, membership_of
from .schema import described


class _Turn(Resource):
    """One of the person's own turns."""

    scopes: ClassVar = {"POST": "reviews:write", "PATCH": "reviews:write"}

    def turn(self, request: Request, assignment_id: UUID) -> tuple[Assignment, User]:
        """Return the turn and its person. Raises NotThere for anybody else's."""
        viewer = self.viewer(request)
        user = membership_of(viewer).user
        turns = visible_to(viewer).filter(user=user).select_related("entry__queue", "item")
        assignment = turns.filter(pk=assignment_id).first()
        if assignment is None:
            raise NotThere
        return assignment, user


class OneAssignment(_Turn):
    """Heartbeat and draft."""

    @described(
        "Keep a turn and save its draft",
        name="keep_turn",
        body="Heartbeat",
        answers={200: "Renewed"},
        problems=[404, 409, 413, 422],
        about="Renews the lease. A 409 says that the turn is over; the draft is kept all the same.",
    )
    def patch(self, request: Request, assignment_id: UUID) -> Response:
        """Renew a turn."""
        fields = Fields(request, frozenset({"fence", "draft"}))
        fence, draft = fields.number("fence"), fields.object("draft")
        fields.done()
        assignment, _ = self.turn(request, assignment_id)
        expires_at = pipeline.heartbeat(assignment=assignment, fence=fence, draft=draft)
        return Response({"id": str(assignment.pk), "fence": fence, "expires_at": expires_at})


class AssignmentReview(_Turn):
    """The finished judgement."""

    @described(
        "Submit a review",
        name="submit_review",
        body="Judgement",
        answers={201: "Review"},
        problems=[404, 409, 413, 422],
        about="Approve, edit (with a correction) or reject. The last review that an item needs settles it; its "
        "outcome becomes visible outside once it can no longer be undone.",
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Submit a review."""
        fields = Fields(request, _JUDGEMENT)
        fence = fields.number("fence")
        assignment, user = self.turn(request, assignment_id)
        judgement = _judgement(fields, assignment)
        submitted = pipeline.submit_review(assignment=assignment, fence=fence, by=user, judgement=judgement)
        return Response(_reviewed(self.viewer(request), submitted), status=201)


class AssignmentReturn(_Turn):
    """Giving it back."""

    @described(
        "Give an item back",
        name="return_item",
        body="Return",
        answers={204: None},
        problems=[404, 409, 422],
        about="Somebody else gets it; you are not offered it again.",
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Give an item back."""
        fields = Fields(request, frozenset({"fence", "reason"}))
        fence, reason = fields.number("fence"), fields.text("reason", 2_000)
        fields.done()
        assignment, user = self.turn(request, assignment_id)
        pipeline.give_back(assignment=assignment, fence=fence, by=user, reason=reason)
        return Response(status=204)


class AssignmentEscalation(_Turn):
    """Not mine to judge."""

    @described(
        "Ask a lead",
        name="escalate_item",
        body="Question",
        answers={201: "Escalation"},
        problems=[404, 409, 422],
        about="The item leaves its line and waits for a lead's decision.",
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Escalate an item."""
        fields = Fields(request, frozenset({"fence", "question"}))
        fence, question = fields.number("fence"), fields.text("question", 10_000, required=True)
        fields.done()
        assignment, user = self.turn(request, assignment_id)
        made = pipeline.escalate(assignment=assignment, fence=fence, by=user, question=question)
        body = {"id": str(made.pk), "item": str(made.item_id), "why": made.why, "opened_at": made.opened_at}
        return Response(body, status=201)


_JUDGEMENT = frozenset(
    ["fence", "decision", "severity", "correction", "reason_codes", "cause", "note", "follow_up", "train"]
)


def _faulty(kind: str) -> set[str]:
    """Return the decisions that must say how bad it was: to prefer one candidate finds no fault with it."""
    return {"reject"} if kind == Kind.COMPARISON else {"edit", "reject"}


def _judgement(fields: Fields, assignment: Assignment) -> Judgement:
    """Return what a body says of the turn's item. Raises Invalid for wrong types and missing fields."""
    decision = fields.text("decision", 20, required=True)
    severity = fields.text("severity", 20)
    if not severity and decision in _faulty(assignment.item.kind):
        fields.places.append(Place("#/severity", "Required with edit and reject."))
    rubric = current_rubric(assignment.entry.queue)
    correction = _correction(fields, assignment.item.kind)
    judgement = Judgement(
        decision=decision,
        severity=severity or "none",
        correction=correction,
        written=fields.written("correction") if correction == fields.value.get("correction") else "",
        reason_codes=fields.texts("reason_codes", 20),
        cause=fields.text("cause", 20),
        note=fields.text("note", 10_000),
        follow_up=fields.flag("follow_up", False),
        train=fields.flag("train", True),
        shown={"confidence": True, "rubric": rubric.version if rubric else None, "through": "api"},
    )
    fields.done()
    return judgement


#: Kinds whose correction is one text, which may be given alone.
_ONE_TEXT = {Kind.CHAT.value: "content", Kind.TEXT.value: "content", Kind.CLASSIFICATION.value: "label"}


def _correction(fields: Fields, kind: str) -> dict[str, Any] | None:
    """Take a correction in the form of its kind; where that is one text, alone or as an object with its field."""
    name, given = _ONE_TEXT.get(kind), fields.value.get("correction")
    if name and isinstance(given, str):
        return {name: given}
    correction = fields.object("correction")
    if name and correction is not None and correction.keys() - {name}:
        raise Invalid("The correction is wrong.", places=[Place("#/correction", f"It has the one field {name}.")])
    return correction


def _reviewed(viewer: Viewer, submitted: pipeline.Submitted) -> dict[str, Any]:
    review, outcome = submitted.review, submitted.outcome
    undo = timedelta(seconds=settings.UNDO_SECONDS)
    state = state_shown(shown_items(viewer).get(pk=review.item_id))
    at_once = state == State.SETTLED  # an AI system waited for it
    return {
        "id": str(review.pk),
        "item": str(review.item_id),
        "decision": review.decision,
        "severity": review.severity,
        "submitted_at": review.submitted_at,
        "state": state,
        "visible_at": outcome.settled_at + (timedelta() if at_once else undo) if outcome else None,
    }


def expires_at(turn: Assignment) -> datetime:
    """Return until when a turn runs, or ran: its slot, which should be loaded, may be in other hands by now."""
    if turn.ended_at or turn.slot.expires_at is None:
        return turn.ended_at or turn.opened_at
    return turn.slot.expires_at
