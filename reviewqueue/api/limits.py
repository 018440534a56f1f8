"""What a key and a source may ask: requests and items a minute, and how many items may be open.

Nothing here asks the database while somebody waits for an answer: each process counts by itself, and learns in the
background (agreeing.py) what the others have counted, which limits are set, and how much of each source waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from django.conf import settings

from reviewqueue.accounts.access import Viewer
from reviewqueue.common import clock
from reviewqueue.common.errors import ProductError
from reviewqueue.common.quotas import MINUTE, Meter, Standing
from reviewqueue.intake.models import Source, SourceLoad

NO_LIMIT = 1_000_000_000
SOON, LATEST = 5, 3600
QUARTER = 15 * MINUTE


class OverLimit(ProductError):
    """A limit of this key or source is reached."""

    status: ClassVar[int] = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RateLimited(OverLimit):
    """The quota of this key or source is used up for now."""

    slug = "rate-limited"


class SourceCap(OverLimit):
    """Enough items of this source wait already."""

    slug = "source-cap"


@dataclass(slots=True)
class Known:
    """What this process has learned: limits that differ from the settings, and what waits, by key or source."""

    requests: dict[UUID, int] = field(default_factory=dict)
    items: dict[UUID, int] = field(default_factory=dict)
    open_items: dict[UUID, int] = field(default_factory=dict)
    loads: dict[UUID, SourceLoad] = field(default_factory=dict)


meter = Meter()
known = Known()


def take_request(viewer: Viewer) -> Standing | None:
    """Count one request of a key; return how it stands, None when it has no quota. Raises RateLimited."""
    assert viewer.key_id is not None
    size = known.requests.get(viewer.key_id, settings.KEY_REQUESTS_PER_MINUTE)
    if not size:
        return None
    standing = meter.take(viewer.key_id, viewer.workspace_id, 1, size=size, now=clock.now().timestamp())
    if standing.seconds:
        raise RateLimited(f"This key may send {size:,} requests a minute.", standing.seconds)
    return standing


def take_items(counts: Mapping[Source, int]) -> None:
    """Count items of sources, all or none. Raises RateLimited and SourceCap."""
    for source, count in counts.items():
        _check_open(source, count)
    taken: list[tuple[Source, int]] = []
    for source, count in counts.items():
        try:
            _take(source, count)
        except RateLimited:
            for other, given in taken:
                meter.give_back(other.pk, given)
            raise
        taken.append((source, count))


def _take(source: Source, count: int) -> None:
    size = known.items.get(source.pk, settings.SOURCE_ITEMS_PER_MINUTE) or NO_LIMIT
    standing = meter.take(source.pk, source.workspace_id, count, size=size, now=clock.now().timestamp())
    if standing.seconds:
        more = f" This request holds {count:,}, {standing.left:,} are left." if count > 1 else ""
        raise RateLimited(f"The source {source.slug} may send {size:,} items a minute.{more}", standing.seconds)


def _check_open(source: Source, count: int) -> None:
    most = known.open_items.get(source.pk, settings.SOURCE_OPEN_ITEMS)
    load = known.loads.get(source.pk)
    waiting = (load.open_items if load else 0) + meter.since_counted(source.pk)
    if most and waiting + count > most:
        detail = f"The source {source.slug} may have {most:,} open items, and {waiting:,} wait already."
        raise SourceCap(detail, seconds_for_room(load, most))


def seconds_for_room(load: SourceLoad | None, most: int) -> int:
    """Return after how many seconds a place should be free, at the pace of the last quarter of an hour.

    Soon when it is triage that has to do it, which is quick; else as long as people take for one item.
    """
    if load is None or load.open_items - load.received < most:
        return SOON
    if not load.settled_lately:
        return LATEST
    return max(SOON, min(LATEST, round(QUARTER / load.settled_lately)))
