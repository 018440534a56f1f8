"""Declaring: a source, and version by version what its outputs look like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.models import User, Workspace
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict

from ..models import Declaration, Source


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
) -> Declaration:
    """Write the next version of what a source's outputs look like; items that are here keep theirs."""
    with transaction.atomic():
        version = _last_version(source.pk) + 1
        made = Declaration.objects.create(
            workspace_id=source.workspace_id,
            source=source,
            version=version,
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
            data={"source": str(source.pk), "version": version},
        )
    return made


def _last_version(source_id: UUID) -> int:
    """Return the newest version, and hold back who else declares (but not who submits items)."""
    Source.objects.select_for_update(no_key=True).get(pk=source_id)
    versions = Declaration.objects.filter(source_id=source_id).order_by("-version")
    return versions.values_list("version", flat=True).first() or 0
