"""What a single submission and a batch have in common: whose source it is, what that declares, when it conflicts."""

from collections.abc import Sequence
from uuid import UUID

from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.intake.models import Declaration, Source
from reviewqueue.intake.queries import current_declarations
from reviewqueue.intake.rules import Submission


class Taken(Conflict):
    """This external_id names an item with other content."""

    slug = "external-id-taken"

    def __init__(self) -> None:
        super().__init__(places=[Place("#/external_id", "Sent before with other content.")])


def source_of(one: Submission, sources: dict[str, Source]) -> Source:
    """Return a submission's source. Raises Invalid unless the key may write to it."""
    source = sources.get(one.source)
    if source is None:
        raise Invalid("The source is not known.", places=[Place("#/source", "No source of yours has this slug.")])
    return source


def declared_by(submissions: Sequence[Submission], sources: dict[str, Source]) -> dict[UUID, Declaration]:
    """Return what the sources declare now, as far as a submission depends on it."""
    depending = {sources[one.source].pk for one in submissions if one.needs_declaration}
    return current_declarations(depending) if depending else {}
