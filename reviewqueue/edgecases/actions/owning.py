"""Who answers for what, and how long the ladder waits."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from reviewqueue.accounts.models import User

from ..models import LadderSetting, Ownership


def set_owner(
    *,
    workspace_id: UUID,
    source_id: UUID | None,
    topic: str,
    reason: str,
    owner_id: UUID,
    deputy_id: UUID | None,
    by: User,
    now: datetime,
) -> Ownership:
    """Let a person answer for a source, topic and reason from now on, in the place of whoever did."""
    before = Ownership.objects.select_for_update().filter(
        workspace_id=workspace_id, source=source_id, topic=topic, reason=reason, ended_at=None
    )
    for one in before:
        end_owner(ownership=one, by=by, now=now)
    return Ownership.objects.create(
        workspace_id=workspace_id,
        source_id=source_id,
        topic=topic,
        reason=reason,
        owner_id=owner_id,
        deputy_id=deputy_id,
        set_at=now,
        set_by=by,
    )


def end_owner(*, ownership: Ownership, by: User, now: datetime) -> int:
    """End an ownership; return how many ended."""
    return Ownership.objects.filter(pk=ownership.pk, ended_at=None).update(ended_at=now, ended_by=by)


def set_ladder(*, workspace_id: UUID, minutes: Mapping[str, int], by: User, now: datetime) -> None:
    """Say how long each rung waits after the one before it."""
    waits = {f"{rung}_minutes": waited for rung, waited in minutes.items()}
    LadderSetting.objects.update_or_create(
        workspace_id=workspace_id, defaults={**waits, "changed_at": now, "changed_by": by}
    )
