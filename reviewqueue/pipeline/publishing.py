"""Published: outcomes that can no longer be undone get their place in the order that the outside sees."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from reviewqueue.audit.actions import SYSTEM, event, record_all
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import queue_deliveries
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Publication


def publish(*, workspace_id: UUID, now: datetime) -> list[Publication]:
    """Make the outcomes visible outside whose time to undo has passed, and queue their deliveries."""
    with transaction.atomic():
        publications = judging.publish_due(workspace_id=workspace_id, now=now)
        queue_deliveries(publications=publications, now=now)
        record_all(
            event(
                workspace_id=workspace_id,
                verb="publish",
                subject=("publication", one.pk),
                item_id=one.item_id,
                by=SYSTEM,
                at=now,
                data={"position": one.position},
            )
            for one in publications
        )
        failpoint("publish.placed")
    return publications
