"""Receiving: what arrives is stored once, however often it is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from reviewqueue.accounts.models import Workspace
from reviewqueue.accounts.queries import KEY_HOLDS, require_key
from reviewqueue.common.parts import Part, fetch

from ..models import Item, ModelVersion, Source
from ..rules import Submission

#: Up to so many items are stored by one statement; for more, copying the content apart is quicker.
FEW = 40


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one submission: new, the same again (replayed), or in conflict with an earlier one."""

    id: UUID
    new: bool
    conflict: bool = False


_STORE = """
WITH given AS (
  SELECT * FROM json_to_recordset(%(rows)s::json) AS t (
    id uuid, source_id uuid, external_id text, model_version_id uuid, declaration_id uuid, kind text, grp text,
    confidence float8, risk_level text, risk_tags text[], attributes jsonb, content_hash text,
    occurred_at timestamptz, body text, sha256 text, search_text text)
), won AS (
  INSERT INTO intake_item (id, workspace_id, source_id, external_id, model_version_id, declaration_id, kind, "group",
                           confidence, risk_level, risk_tags, attributes, content_hash, occurred_at, received_at)
  SELECT id, %(workspace)s::uuid, source_id, external_id, model_version_id, declaration_id, kind, grp, confidence,
         risk_level, risk_tags, attributes, decode(content_hash, 'hex'), occurred_at, %(now)s::timestamptz
  FROM given
  WHERE {condition}
  ON CONFLICT (source_id, external_id) DO NOTHING
  RETURNING id
), state AS (
  INSERT INTO intake_itemstate (item_id, workspace_id, state, since)
  SELECT id, %(workspace)s::uuid, 'received', %(now)s::timestamptz FROM won
){parts}
SELECT id FROM won
"""

_CONTENT = """
INSERT INTO intake_itemcontent (item_id, workspace_id, body, sha256, search_text)
SELECT given.id, %(workspace)s::uuid, body, decode(sha256, 'hex'), search_text FROM given JOIN won USING (id)
"""
_COPY = "COPY intake_itemcontent (item_id, workspace_id, body, sha256, search_text) FROM STDIN (FORMAT binary)"


def receive(
    *,
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    now: datetime,
    along: Sequence[Part] = (),
    key_id: UUID | None = None,
) -> list[Received]:
    """Store submissions; answer for each, in order. Needs a transaction around it unless ``at_once`` holds.

    The first of several with one external_id is kept; the others are replays or conflicts with it. Rows are
    inserted sorted by (source, external_id), so that overlapping batches cannot deadlock.

    ``along``: what other apps write in the same statement, for the ids in ``won (id)``. With ``key_id`` nothing is
    stored unless that key holds at this very moment. Raises KeyGone.
    """
    if not submissions:
        return []
    firsts: dict[tuple[str, str], Submission] = {}
    for one in submissions:
        firsts.setdefault((one.source, one.external_id), one)
    ordered = [firsts[key] for key in sorted(firsts)]
    won = _insert(workspace, ordered, sources, now, along, key_id)
    stored = {key: (one.id, one.content_hash) for key, one in firsts.items() if one.id in won}
    if len(won) < len(ordered):
        if key_id:
            require_key(key_id)
        stored |= _earlier([one for one in ordered if one.id not in won], sources)
    return [_received(one, stored[(one.source, one.external_id)], won) for one in submissions]


def at_once(submissions: Sequence[Submission], sources: dict[str, Source]) -> bool:
    """Return whether ``receive`` stores these by one statement, which is whole without a transaction around it."""
    return len(submissions) <= FEW and all(
        one.model is None or (sources[one.source].pk, one.model) in _seen_models for one in submissions
    )


def _received(one: Submission, stored: tuple[UUID, bytes], won: set[UUID]) -> Received:
    kept_id, kept_hash = stored
    return Received(id=kept_id, new=one.id in won, conflict=kept_hash != one.content_hash)


def _insert(
    workspace: Workspace,
    ordered: Sequence[Submission],
    sources: dict[str, Source],
    now: datetime,
    along: Sequence[Part],
    key_id: UUID | None,
) -> set[UUID]:
    models = _model_versions(workspace, ordered, sources, now)
    few = len(ordered) <= FEW
    rows = [_row(one, sources[one.source].pk, models.get((one.source, one.model)), few) for one in ordered]
    statement = _statement(tuple(part.sql for part in along), few, key_id is not None)
    # one JSON text instead of an array for each column: a third of the time to write it down
    given: dict[str, Any] = {"workspace": workspace.pk, "now": now, "rows": orjson.dumps(rows).decode()}
    for part in along:
        given |= part.given
    if key_id:
        given["key"] = key_id
    won = {row[0] for row in fetch(statement, given)}
    if not few:
        _copy_content(workspace, [one for one in ordered if one.id in won])
    return won


@cache
def _statement(along: tuple[str, ...], with_content: bool, with_key: bool) -> str:
    parts = [*along, _CONTENT] if with_content else along
    named = "".join(f", part_{number} AS ({sql})" for number, sql in enumerate(parts))
    return _STORE.format(condition=KEY_HOLDS if with_key else "true", parts=named)


def _row(one: Submission, source_id: UUID, model_version_id: UUID | None, with_content: bool) -> dict[str, Any]:
    row = {
        "id": one.id,
        "source_id": source_id,
        "external_id": one.external_id,
        "model_version_id": model_version_id,
        "declaration_id": one.declaration_id,
        "kind": one.kind,
        "grp": one.group,
        "confidence": one.confidence,
        "risk_level": one.risk_level,
        "risk_tags": one.risk_tags,
        "attributes": one.attributes,
        "content_hash": one.content_hash.hex(),
        "occurred_at": one.occurred_at,
    }
    if with_content:
        row |= {"body": one.body, "sha256": one.sha256.hex(), "search_text": one.search_text}
    return row


def _copy_content(workspace: Workspace, won: Iterable[Submission]) -> None:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as target:
        target.set_types(["uuid", "uuid", "text", "bytea", "text"])
        for one in won:
            target.write_row((one.id, workspace.pk, one.body, one.sha256, one.search_text))


def _earlier(losers: Sequence[Submission], sources: dict[str, Source]) -> dict[tuple[str, str], tuple[UUID, bytes]]:
    """Read what was there before, in a new statement that sees what the insert waited for."""
    slugs = {source.pk: slug for slug, source in sources.items()}
    rows = Item.objects.filter(
        source__in={sources[one.source].pk for one in losers},
        external_id__in=[one.external_id for one in losers],
    ).values_list("source_id", "external_id", "id", "content_hash")
    return {(slugs[source], external): (pk, bytes(content)) for source, external, pk, content in rows}


# Model versions are few and never change, so each process remembers those it has seen.
MOST_SEEN = 10_000
_seen_models: dict[tuple[UUID, tuple[str, str, str, str]], UUID] = {}


def _model_versions(
    workspace: Workspace, submissions: Iterable[Submission], sources: dict[str, Source], now: datetime
) -> dict[tuple[str, tuple[str, str, str, str] | None], UUID]:
    wanted = sorted({(one.source, one.model) for one in submissions if one.model})
    return {(slug, model): _model_version(workspace, sources[slug], model, now) for slug, model in wanted}


def _model_version(workspace: Workspace, source: Source, model: tuple[str, str, str, str], now: datetime) -> UUID:
    known = _seen_models.get((source.pk, model))
    if known:
        return known
    name, version, prompt, index = model
    row, created = ModelVersion.objects.get_or_create(
        source=source,
        name=name,
        version=version,
        prompt=prompt,
        index=index,
        defaults={"workspace": workspace, "first_seen_at": now},
    )
    if not created:  # a row of an unfinished transaction may still vanish, so only others' rows are remembered
        if len(_seen_models) >= MOST_SEEN:
            _seen_models.clear()
        _seen_models[(source.pk, model)] = row.pk
    return row.pk


def forget_seen() -> None:
    """Forget the model versions that this process remembers."""
    _seen_models.clear()
