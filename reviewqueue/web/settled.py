"""Reviews and outcomes as the item page shows them: decision, difference to what the AI said, reasons, notes."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from reviewqueue.common.exactjson import numbered
from reviewqueue.review.models import Outcome, Review

from .kinds.answers import became, shown_final
from .masking import Mask

DECISIONS = {"approve": lambda: _("approve"), "edit": lambda: _("edit"), "reject": lambda: _("reject")}


def _loaded(text: str) -> dict[str, Any] | None:
    return numbered(text) if text else None


def shown_review(
    review: Review, kind: str, output: dict[str, Any], labels: Mapping[str, str], mask: Mask
) -> dict[str, Any]:
    """Return one review; a correction is shown as its difference to the AI's answer."""
    content = review.content
    correction = None if content.redacted_at else mask.value(_loaded(content.correction))
    return {
        "who": review.user,
        "at": review.submitted_at,
        "decision": review.decision,
        "decision_words": DECISIONS[review.decision](),
        "became": became(kind, output, correction),
        "corrected": correction is not None,
        "struck": review.decision == "reject",
        "severity": review.severity,
        "reasons": ", ".join(labels.get(slug, slug) for slug in review.reason_codes),
        "cause": review.cause,
        "note": "" if content.redacted_at else mask.text(content.note),
        "follow_up": review.follow_up,
        "train": review.train,
        "seconds": review.submitted_at - review.assignment.opened_at,
        "redacted_at": content.redacted_at,
    }


def shown_outcome(outcome: Outcome, kind: str, output: dict[str, Any], mask: Mask) -> dict[str, Any]:
    """Return one version of an outcome, with when it became visible outside or was taken back."""
    content = getattr(outcome, "content", None)
    final = mask.value(_loaded(content.final)) if content and not content.redacted_at else None
    undo = getattr(outcome, "undo", None)
    publication = getattr(outcome, "publication", None)
    return {
        "version": outcome.version,
        "basis": outcome.basis,
        "decision_words": DECISIONS[outcome.decision]() if outcome.decision else "",
        "disposition": outcome.disposition,
        "settled_at": outcome.settled_at,
        "final": shown_final(kind, final),
        "became": became(kind, output, final if outcome.changed else None),
        "corrected": outcome.changed and final is not None,
        "withheld": outcome.disposition == Outcome.Disposition.WITHHELD,
        "undone_at": undo.undone_at if undo else None,
        "undone_by": undo.undone_by if undo else None,
        "published_at": publication.published_at if publication else None,
        "position": publication.position if publication else None,
        "train": outcome.train,
        "follow_up": outcome.follow_up,
    }
