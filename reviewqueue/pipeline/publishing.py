"""Published: outcomes that can no longer be undone get their place in the order that the outside sees."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from reviewqueue.audit.actions import SYSTEM, event, record_all
from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.waking import wake
from reviewqueue.delivery.actions import queue_deliveries
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Outcome, Publication

from .following_up import open_follow_ups


def publish(*, workspace_id: UUID, now: datetime) -> list[Publication]:
    """Make the outcomes visible outside whose time to undo has passed, and queue their deliveries."""
    with transaction.atomic():
        publications = judging.publish_due(workspace_id=workspace_id, now=now)
        _tell(publications, now)
        failpoint("publish.placed")
    return publications


def publish_at_once(*, outcomes: Sequence[Outcome], now: datetime) -> list[Publication]:
    """Make outcomes of one workspace visible outside in the transaction that settles them: an AI system waits.

    The workspace's order of publication is held until that commits, so this comes last in it.
    """
    publications = judging.publish_now(workspace_id=outcomes[0].workspace_id, outcomes=outcomes, now=now)
    _tell(publications, now)
    return publications


def _tell(publications: Sequence[Publication], now: datetime) -> None:
    """Queue the deliveries, tell the audit trail, wake whoever waits once this is committed, open follow-ups."""
    queue_deliveries(publications=publications, now=now)
    record_all(
        event(
            workspace_id=one.workspace_id,
            verb="publish",
            subject=("publication", one.pk),
            item_id=one.item_id,
            by=SYSTEM,
            at=now,
            data={"position": one.position},
        )
        for one in publications
    )
    wake(one.item_id for one in publications)
    open_follow_ups(publications, now)
