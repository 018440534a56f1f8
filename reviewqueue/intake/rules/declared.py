"""An item against what its source declares: the labels it may give, the schema of what it extracts, its tools."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reviewqueue.common.errors import Invalid, Place

from ..models import Declaration
from .faults import Faults
from .kinds import FORMS
from .schemas import Effort
from .submission import Submission


def check_declared(
    submission: Submission, declaration: Declaration | None, effort: Effort | None = None
) -> Submission:
    """Return the submission, bound to the declaration that it fits. Raises Invalid with every place that does not.

    A kind that depends on no declaration is returned as it is. ``effort`` is shared by the items of one request.
    """
    if not submission.needs_declaration:
        return submission
    places = [*output_faults(submission.kind, submission.output, declaration, effort=effort)]
    if submission.gate and submission.gate.fallback is not None:
        places += output_faults(submission.kind, submission.gate.fallback, declaration, "#/gate/fallback", effort)
    if places:
        raise Invalid("The item does not fit what its source declares.", places=places)
    return replace(submission, declaration_id=declaration.pk) if declaration else submission


def output_faults(
    kind: str,
    output: Any,
    declaration: Declaration | None,
    at: str = "#/output",
    effort: Effort | None = None,
) -> Sequence[Place]:
    """Return where a value is not an output of this kind, or does not fit the declaration; ``at`` is its place."""
    faults = Faults(at)
    form = FORMS[kind]
    form.answer(output, faults)
    if form.fits and not faults.places:
        form.fits(output, declaration, faults, effort)
    return faults.places
