"""Declaring: a source, and version by version what its outputs look like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from reviewqueue.accounts.models import User, Workspace
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict

from ..models import Declaration, Source
from ..rules import check_declaration


def declare_source(
    *,
    workspace: Workspace,
    slug: str,
    name: str,
    labels: Sequence[str] = (),
    json_schema: dict[str, Any] | None = None,
    tools: dict[str, Any] | None = None,
    by: Actor,
    now: datetime,
    person: User | None = None,
) -> Source:
    """Declare an AI system that submits items, and perhaps at once what its outputs look like. Raises Conflict."""
    if Source.objects.filter(workspace=workspace, slug=slug).exists():
        raise Conflict(f"There is a source {slug} already.")
    with transaction.atomic():
        source = Source.objects.create(workspace=workspace, slug=slug, name=name, created_at=now)
        record(workspace_id=workspace.pk, verb="declare", subject=("source", source.pk), by=by, at=now)
        if labels or json_schema is not None or tools is not None:
            declare(source=source, labels=labels, json_schema=json_schema, tools=tools, by=by, now=now, person=person)
    return source


def declare(
    *,
    source: Source,
    labels: Sequence[str] = (),
    json_schema: dict[str, Any] | None = None,
    tools: dict[str, Any] | None = None,
    by: Actor,
    now: datetime,
    person: User | None = None,
    instead_of: int | None = None,
) -> Declaration:
    """Write the next version of what a source's outputs look like; items that are here keep theirs.

    Declaring what is declared already changes nothing. ``instead_of`` is the version that was read before: raises
    Conflict when there is a newer one by now, Invalid with every place that cannot be declared.
    """
    check_declaration(labels=labels, json_schema=json_schema, tools=tools)
    with transaction.atomic():
        current = _current(source.pk)
        version = current.version if current else 0
        if instead_of is not None and instead_of != version:
            raise Conflict(f"Version {version} has been declared meanwhile; read it before declaring another.")
        if current and _same(current, labels, json_schema, tools):
            return current
        made = Declaration.objects.create(
            workspace_id=source.workspace_id,
            source=source,
            version=version + 1,
            labels=list(labels),
            json_schema=json_schema,
            tools=tools,
            created_at=now,
            created_by=person,
        )
        record(
            workspace_id=source.workspace_id,
            verb="declare",
            subject=("declaration", made.pk),
            by=by,
            at=now,
            data={"source": str(source.pk), "version": made.version},
        )
    return made


def _current(source_id: UUID) -> Declaration | None:
    """Return the newest version, and hold back who else declares (but not who submits items)."""
    Source.objects.select_for_update(no_key=True).get(pk=source_id)
    return Declaration.objects.filter(source_id=source_id).order_by("-version").first()


def _same(current: Declaration, labels: Sequence[str], json_schema: Any, tools: Any) -> bool:
    """Return whether this is declared already, to the order of its fields."""
    said = [list(labels), json_schema, tools]
    return orjson.dumps([current.labels, current.json_schema, current.tools]) == orjson.dumps(said)
