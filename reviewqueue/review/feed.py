"""The corrections feed: what was published, in the order of positions, each page one statement.

Positions are given in commit order (docs/decisions/0004), so whoever has seen a position has seen every one below it.
A page therefore needs no snapshot that is held open, and the last position read is all that a reader must keep.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Max

from reviewqueue.common.errors import Conflict, Invalid, Place

from .models import Publication

#: How many positions one page looks at for a reader who sees a single source: a rare source costs no more.
WINDOW = 10_000

_SIGNED = 6

FEED = """
SELECT p.position, o.item_id AS item, i.external_id, s.slug AS source, i.kind, o.version,
       nullif(o.decision, '') AS decision, o.basis, o.disposition,
       CASE WHEN f.redacted_at IS NULL THEN f.final END AS final,
       CASE WHEN o.basis = 'ruling' AND o.changed THEN CASE WHEN f.redacted_at IS NULL THEN f.final END
            WHEN w.redacted_at IS NULL THEN nullif(w.correction, '') END AS correction,
       o.changed, nullif(o.severity, '') AS severity, nullif(o.cause, '') AS cause, o.reason_codes, o.follow_up,
       o.settled_at, p.published_at, o.reviewers, o.late,
       CASE WHEN o.version > 1 THEN (
         SELECT known.version FROM review_publication before JOIN review_outcome known ON known.id = before.outcome_id
         WHERE before.item_id = p.item_id AND before.position < p.position ORDER BY before.position DESC LIMIT 1)
       END AS supersedes
FROM review_publication p
JOIN review_outcome o ON o.id = p.outcome_id
JOIN intake_item i ON i.id = p.item_id
JOIN intake_source s ON s.id = i.source_id
LEFT JOIN review_outcomecontent f ON f.outcome_id = o.id
LEFT JOIN review_reviewcontent w ON w.review_id = o.review_id
WHERE p.workspace_id = %(workspace)s AND p.position > %(after)s AND p.position <= %(through)s {bound}
ORDER BY p.position LIMIT %(limit)s
"""
_BOUND = "AND s.slug = %(source)s"


class AheadOfFeed(Conflict):
    """This cursor is ahead of what has been published: the database was restored; read again from the start."""

    slug = "cursor-ahead"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the feed: rows ready to be written as JSON, the position to go on behind, and whether more is there."""

    rows: list[dict[str, Any]]
    through: int
    more: bool


def feed_page(*, workspace_id: UUID, after: int, limit: int, source: str = "") -> Page:
    """Return what was published behind a position, oldest first; of one source alone when it is named.

    Raises AheadOfFeed for a position that was never given.
    """
    last = _last_position(workspace_id)
    if after > last:
        raise AheadOfFeed
    through = min(last, after + WINDOW) if source else last
    given: dict[str, Any] = {"workspace": workspace_id, "after": after, "through": through, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(FEED.format(bound=_BOUND if source else ""), {**given, "source": source})
        names = [column.name for column in cursor.description]
        rows = [_row(names, values) for values in cursor.fetchall()]
    reached = rows[-1]["position"] if len(rows) == limit else through
    return Page(rows, reached, more=reached < last)


def _last_position(workspace_id: UUID) -> int:
    given = Publication.objects.filter(workspace_id=workspace_id)
    return given.aggregate(last=Max("position"))["last"] or 0


def _row(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return one publication: the outcome's body (queries.published_body), and what names its item."""
    row = dict(zip(names, values, strict=True))
    return row | {"final": _kept(row["final"]), "correction": _kept(row["correction"])}


def _kept(text: str | None) -> orjson.Fragment | None:
    """Return JSON that goes out as it is stored: nothing is parsed to be written again."""
    return None if text is None else orjson.Fragment(text)


def cursor_of(position: int, *, secret: bytes) -> str:
    """Return the text that stands for a position in a workspace: opaque, and the same for ever."""
    told = position.to_bytes(8)
    return urlsafe_b64encode(told + _signature(told, secret)).decode().rstrip("=")


def position_of(text: str, *, secret: bytes) -> int:
    """Return the position that a cursor of this workspace stands for. Raises Invalid for any other text."""
    try:
        read = urlsafe_b64decode(text.encode("ascii") + b"==")
    except (NotBase64, UnicodeEncodeError):
        raise _not_ours() from None
    told, signed = read[:8], read[8:]
    if len(told) != 8 or not hmac.compare_digest(signed, _signature(told, secret)):
        raise _not_ours()
    return int.from_bytes(told)


def _signature(told: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"feed:" + told, "sha256")[:_SIGNED]


def _not_ours() -> Invalid:
    return Invalid("The cursor is not one of ours.", places=[Place("?since", "Send the last `next` as it came.")])
