"""Sources: what sends items, and version by version what it declares about its outputs."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reviewqueue.common.clock import now
from reviewqueue.common.errors import Invalid, Malformed, NotThere, Place, ProductError
from reviewqueue.common.strictjson import read
from reviewqueue.intake.actions import declare, declare_source
from reviewqueue.intake.models import Declaration, Source
from reviewqueue.intake.queries import COUNTED, current_declarations, items_of, sources_visible_to, versions_of
from reviewqueue.queues.queries import current_rubric
from reviewqueue.queues.queries import visible_to as queues_visible_to

from .access import member_page
from .context import MemberRequest
from .detectors import detectors_of

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")


# --- all of them ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def sources(request: MemberRequest) -> HttpResponse:
    """List the sources that send items and the queues they can come to; an admin adds a source on POST."""
    if request.method == "GET":
        return sources_page(request)
    request.viewer.require("administer")
    try:
        added = _add(request)
    except ProductError as error:
        return sources_page(request, error)
    messages.success(request, _("%(name)s may send items now.") % {"name": added.name})
    return redirect("settings_source", added.slug)


def sources_page(
    request: MemberRequest, error: ProductError | None = None, *, of_queue: bool = False
) -> HttpResponse:
    """Show the sources and queues; ``of_queue``: what was wrong was typed for a new queue."""
    known = list(sources_visible_to(request.viewer).order_by("slug"))
    declared = current_declarations(one.pk for one in known)
    queues = [{"queue": one, "rubric": current_rubric(one)} for one in queues_visible_to(request.viewer)]
    context = {
        "sources": [{"source": one, "declared": declared.get(one.pk)} for one in known],
        "queues": queues,
        "typed": request.POST if error and not of_queue else {},
        "typed_queue": request.POST if of_queue else {},
        "error": error.in_full if error else "",
    }
    return _page(request, "sources", context, error)


def _add(request: MemberRequest) -> Source:
    slug, name = _line(request.POST, "slug"), _line(request.POST, "name")
    if not _SLUG.fullmatch(slug):
        raise Invalid(_("A source is named by letters, digits, - and _; programs send this name with each item."))
    return declare_source(
        workspace=request.membership.workspace, slug=slug, name=name or slug, by=request.viewer.actor, now=now()
    )


def _line(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\x00", "").strip()[:200]


# --- one of them ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def source(request: MemberRequest, slug: str) -> HttpResponse:
    """Show what a source declares; an admin declares the next version on POST."""
    found = sources_visible_to(request.viewer).filter(slug=slug).first()
    if found is None:
        raise NotThere
    if request.method == "GET":
        return _source(request, found, _declared(current_declarations([found.pk]).get(found.pk)))
    request.viewer.require("administer")
    form = _typed(request.POST)
    try:
        made = declare(
            source=found,
            **_meant(form),
            by=request.viewer.actor,
            person=request.user,
            now=now(),
            instead_of=form.version,
        )
    except ProductError as error:
        return _source(request, found, form, error)
    messages.success(request, _("Version %(n)s counts for every item that comes from now on.") % {"n": made.version})
    return redirect("settings_source", found.slug)


@dataclass(slots=True)
class Form:
    """What stands in the form; ``tools`` are (name, schema text) rows."""

    version: int
    labels: str
    json_schema: str
    tools: list[tuple[str, str]]


def _declared(declaration: Declaration | None) -> Form:
    if declaration is None:
        return Form(0, "", "", [])
    tools = [(name, _written(schema)) for name, schema in (declaration.tools or {}).items()]
    return Form(declaration.version, "\n".join(declaration.labels), _written(declaration.json_schema), tools)


def _written(schema: Any) -> str:
    return "" if schema is None else json.dumps(schema, indent=2, ensure_ascii=False)


def _typed(post: QueryDict) -> Form:
    version = post.get("version", "")
    rows = zip(post.getlist("tool"), post.getlist("tool_schema"), strict=False)
    tools = [(_clean(name).strip(), _clean(schema)) for name, schema in rows]
    return Form(
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
        labels=_clean(post.get("labels", "")),
        json_schema=_clean(post.get("json_schema", "")),
        tools=[(name, schema) for name, schema in tools if name or schema.strip()],
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def _meant(form: Form) -> dict[str, Any]:
    """Return what a form declares. Raises Invalid with every text that is not JSON."""
    places: list[Place] = []
    tools = {name: _parsed(schema, f"#/tools/{n}", places) for n, (name, schema) in enumerate(form.tools)}
    if len(tools) < len(form.tools):
        places.append(Place("#/tools", _("A tool stands here twice.")))
    meant = {
        "labels": [line.strip() for line in form.labels.splitlines() if line.strip()],
        "json_schema": _parsed(form.json_schema, "#/json_schema", places),
        "tools": tools or None,
    }
    if places:
        raise Invalid("This cannot be declared.", places=places)
    return meant


def _parsed(text: str, at: str, places: list[Place]) -> Any:
    if not text.strip():
        return None
    try:
        return read(text).value
    except Malformed as error:
        places.append(Place(at, error.detail))
        return None


def _source(request: MemberRequest, found: Source, form: Form, error: ProductError | None = None) -> HttpResponse:
    faults = list(error.places) if error else []
    context = {
        "source": found,
        "form": form,
        "rows": _rows(form, faults),
        "schema_faults": _said(faults, "json_schema"),
        "label_faults": _said(faults, "labels"),
        "tool_faults": [one.detail for one in faults if one.pointer == "#/tools"],
        "history": _history(found),
        "many": COUNTED,
        **detectors_of(found),
    }
    return _page(request, "source", context, error)


def _rows(form: Form, faults: Iterable[Place]) -> list[dict[str, Any]]:
    """Return the tools with their faults, named by their place or their name, and an empty row for the next."""
    found = list(faults)
    rows = [
        {
            "name": name,
            "schema": schema,
            "faults": [*_said(found, f"tools/{n}"), *_said(found, f"tools/{_step(name)}")],
        }
        for n, (name, schema) in enumerate(form.tools)
    ]
    return [*rows, {"name": "", "schema": "", "faults": []}]


def _step(name: str) -> str:
    return name[:80].replace("~", "~0").replace("/", "~1")


def _said(faults: Iterable[Place], part: str) -> list[str]:
    """Return the faults of a part of the form, each with the way inside it."""
    said = []
    for one in faults:
        if one.pointer == f"#/{part}" or one.pointer.startswith(f"#/{part}/"):
            inside = one.pointer.removeprefix(f"#/{part}")
            said.append(f"{inside}: {one.detail}" if inside else one.detail)
    return said


def _history(found: Source) -> list[dict[str, Any]]:
    return [{"declaration": one, "written": _whole(one), **items_of(one)} for one in versions_of(found)]


def _whole(declaration: Declaration) -> str:
    parts = {"labels": declaration.labels, "json_schema": declaration.json_schema, "tools": declaration.tools}
    return _written({name: part for name, part in parts.items() if part})


def _page(
    request: MemberRequest, template: str, context: dict[str, Any], error: ProductError | None = None
) -> HttpResponse:
    shared = {
        "section": "sources",
        "may_administer": request.viewer.may("administer"),
        "error": error.detail if error else "",
    }
    return render(request, f"settings/{template}.html", {**shared, **context}, status=error.status if error else 200)
