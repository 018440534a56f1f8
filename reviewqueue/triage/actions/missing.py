"""Writing misses: each once, with the mark until when ended stays were looked through."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ..models import Miss, MissMark


def write_misses(*, misses: Sequence[Miss]) -> None:
    """Put misses on record; what is on record already stays as it is."""
    Miss.objects.bulk_create(misses, ignore_conflicts=True)


def note_looked(*, workspace_id: UUID, until: datetime) -> None:
    """Note until when a workspace's ended stays were looked through."""
    MissMark.objects.update_or_create(workspace_id=workspace_id, defaults={"until": until})
