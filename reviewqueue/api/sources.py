"""Sources: the AI systems that submit items, and what they declare about their outputs."""

import re
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import workspace_of
from reviewqueue.common import clock
from reviewqueue.common.errors import NotAllowed, NotThere, Place
from reviewqueue.intake.actions import declare, declare_source
from reviewqueue.intake.models import Declaration, Source
from reviewqueue.intake.queries import current_declarations, sources_visible_to
from reviewqueue.intake.rules import MAX_LABELS

from .fields import Fields
from .pages import PAGING, page, query_of
from .resource import Resource
from .schema import described
from .shapes import PAGE_PARAMETERS

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
_DECLARED = frozenset({"labels", "json_schema", "tools"})
_ABOUT = (
    "`labels` are those that a classification may give; `json_schema` (draft 2020-12) is what an extraction fits; "
    "`tools` maps each tool that an action may use to the JSON Schema of its arguments, or to null."
)


class _SourceResource(Resource):
    scopes: ClassVar = {"GET": "items:read", "POST": "admin", "PUT": "admin"}

    def writer(self, request: Request) -> Viewer:
        """Return who asks. Raises NotAllowed for persons who do not administer the workspace."""
        viewer = self.viewer(request)
        if viewer.user:
            viewer.require("administer")
        return viewer

    def source(self, viewer: Viewer, slug: str) -> Source:
        """Return a source. Raises NotThere."""
        found = sources_visible_to(viewer).filter(slug=slug).first()
        if found is None:
            raise NotThere
        return found


class Sources(_SourceResource):
    """All sources of the workspace."""

    @described(
        "List sources",
        name="list_sources",
        answers={200: "SourcePage"},
        parameters=PAGE_PARAMETERS,
        about="Newest first, each with what it declares now.",
    )
    def get(self, request: Request) -> Response:
        """List the sources that the key may see."""
        query, viewer = query_of(request, PAGING), self.viewer(request)
        found = page(sources_visible_to(viewer), request, query, lambda one: one)
        declared = current_declarations(one.pk for one in found["results"])
        return Response({**found, "results": [_source(one, declared.get(one.pk)) for one in found["results"]]})

    @described(
        "Add a source",
        name="add_source",
        body="NewSource",
        answers={201: "Source"},
        problems=[409, 422],
        about=f"With what it declares, perhaps. {_ABOUT}",
    )
    def post(self, request: Request) -> Response:
        """Add a source."""
        viewer = self.writer(request)
        if viewer.source_slug:
            raise NotAllowed("A key bound to one source adds no others.")
        fields = Fields(request, frozenset({"slug", "name"}) | _DECLARED)
        slug, name = fields.text("slug", 50, required=True), fields.text("name", 200)
        if slug and not _SLUG.fullmatch(slug):
            fields.places.append(Place("#/slug", "Letters, digits, - and _ only."))
        declared = _declared(fields)
        fields.done()
        made = declare_source(
            workspace=workspace_of(viewer.workspace_id),
            slug=slug,
            name=name or slug,
            **declared,
            by=viewer.actor,
            person=viewer.user,
            now=clock.now(),
        )
        return Response(_source(made, current_declarations([made.pk]).get(made.pk)), status=201)


class OneSource(_SourceResource):
    """One source."""

    @described("Read a source", name="get_source", answers={200: "Source"}, problems=[404])
    def get(self, request: Request, slug: str) -> Response:
        """Return a source with what it declares now."""
        query_of(request, ())
        found = self.source(self.viewer(request), slug)
        return Response(_source(found, current_declarations([found.pk]).get(found.pk)))


class SourceDeclaration(_SourceResource):
    """What a source declares."""

    @described(
        "Declare what a source's outputs look like",
        name="declare_outputs",
        body="DeclarationSent",
        answers={200: "Declaration"},
        problems=[404, 409, 422],
        about="The whole of it, as a new version; declaring the same again changes nothing. Items are held against "
        "the version that was current when they came, and so are their corrections. With `instead_of`, the version "
        f"that you read before, a 409 says that there is a newer one. {_ABOUT}",
    )
    def put(self, request: Request, slug: str) -> Response:
        """Declare the next version."""
        viewer = self.writer(request)
        source = self.source(viewer, slug)
        fields = Fields(request, _DECLARED | {"instead_of"})
        instead_of = fields.number("instead_of") if fields.value.get("instead_of") is not None else None
        declared = _declared(fields)
        fields.done()
        made = declare(
            source=source,
            **declared,
            by=viewer.actor,
            person=viewer.user,
            now=clock.now(),
            instead_of=instead_of,
        )
        return Response(_declaration(made))


def _declared(fields: Fields) -> dict[str, Any]:
    return {
        "labels": fields.texts("labels", MAX_LABELS),
        "json_schema": fields.object("json_schema"),
        "tools": fields.object("tools"),
    }


def _source(source: Source, declaration: Declaration | None) -> dict[str, Any]:
    return {
        "slug": source.slug,
        "name": source.name,
        "created_at": source.created_at,
        "declaration": _declaration(declaration) if declaration else None,
    }


def _declaration(declaration: Declaration) -> dict[str, Any]:
    return {
        "version": declaration.version,
        "labels": declaration.labels,
        "json_schema": declaration.json_schema,
        "tools": declaration.tools,
        "created_at": declaration.created_at,
    }
