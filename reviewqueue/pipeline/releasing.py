"""Released: a dataset's next version is built, and the outside is told that it is ready."""

from datetime import datetime

from reviewqueue.datasets import actions as datasets
from reviewqueue.datasets.models import Release
from reviewqueue.delivery.actions import announce


def build_release(*, now: datetime) -> Release | None:
    """Build the release that has waited longest and tell of it; None when none waits. Raises what building raises."""
    release = datasets.take_due(now=now)
    if release:
        datasets.build(release=release, now=now, then=lambda ready: _tell(ready, now))
    return release


def _tell(release: Release, now: datetime) -> None:
    announce(
        event_type="dataset.released",
        workspace_id=release.workspace_id,
        subject_id=release.pk,
        item_id=None,
        now=now,
        data={"dataset": release.dataset.slug, "version": release.version, "rows": release.row_count},
    )
