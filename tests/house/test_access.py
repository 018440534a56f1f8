"""Nobody sees another workspace (I-30): every address x role x method, with another workspace's thing in its place.

A foreign thing must look exactly like one that does not exist, and stay as it was. The addresses come from the
URLconf: one whose things are not known here fails the build.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import ApiKey
from reviewqueue.audit.actions import SYSTEM
from tests.cast import NOW, Cast
from tests.house.routes import CONSTANTS, PLACES, Route, Things, routes, strangers

ROLES = ("", "reviewer", "lead", "ml", "auditor", "admin")
PAGE_METHODS = ("get", "post")
API_METHODS = ("get", "post", "put", "patch", "delete")
BODIES = {
    "/review": {"fence": 1, "decision": "approve", "severity": "none"},
    "/return": {"fence": 1, "reason": "unsure"},
    "/escalation": {"fence": 1, "question": "Whose?"},
    "/assignments": {"fence": 1},
    "/signals": {"kind": "complaint"},
}
FIELDS = {"fence": "1", "decision": "approve", "severity": "none", "reason": "unsure", "question": "Whose?"}
_CHANGING = re.compile(rb'(csrfmiddlewaretoken" value=|"X-CSRFToken": ?|data-csrf=|nonce=|trace)"?[\w-]+')


class World:
    """Two workspaces with the same things, and the names of things that are nowhere."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.own = Things(cast, "ours")
        self.foreign = Things(strangers(cast), "theirs")
        self.clients = {role: self._signed_in(role) for role in ROLES}
        self.keys = {role: self._key(role) for role in ROLES}

    def _signed_in(self, role: str) -> Client:
        client = Client(raise_request_exception=False, REMOTE_ADDR="192.0.2.7")  # this machine may see /metrics
        if role:
            client.force_login(getattr(self.cast, role).user)
        return client

    def _key(self, role: str) -> str:
        user = getattr(self.cast, role).user if role else None
        scopes = list(ApiKey.Scope.values)
        return create_key(workspace=self.cast.workspace, name="all", scopes=scopes, by=SYSTEM, now=NOW, user=user)[1]

    def nowhere(self) -> dict[tuple[str, str], str]:
        """Return names of things that do not exist, in the form of those that do."""
        return {place: _unlike(name) for place, name in self.foreign.by_place().items()}

    def ask(self, route: Route, role: str, method: str, things: dict[tuple[str, str], str]) -> HttpResponse:
        address = route.address(things)
        if not route.is_api:
            fields = {**FIELDS, "to": str(self.cast.lead.user_id)} if method == "post" else {}
            return getattr(self.clients[role], method)(address, fields)
        body = next((body for part, body in BODIES.items() if part in address), {})
        sent = {} if method == "get" else {"data": body, "content_type": "application/json"}
        return getattr(self.clients[""], method)(address, HTTP_AUTHORIZATION=f"Bearer {self.keys[role]}", **sent)


def _unlike(name: str) -> str:
    try:
        return str(UUID(int=UUID(name).int ^ (2**64 - 1)))
    except ValueError:
        return name.replace("theirs", "nobody")


@pytest.fixture
def world(cast: Cast, settings, tmp_path: Path) -> World:
    settings.STORAGE_DIR = tmp_path
    as_they_are = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": as_they_are}
    return World(cast)


def asked(route: Route) -> Iterator[tuple[str, str]]:
    for role in ROLES:
        for method in API_METHODS if route.is_api else PAGE_METHODS:
            yield role, method


def seen(response: HttpResponse, things: dict[tuple[str, str], str]) -> tuple[int, bytes, str]:
    """Return what the asker can tell apart: the thing's own name and what differs in every answer taken out."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    place = response.headers.get("Location", "")
    for name in things.values():
        content, place = content.replace(name.encode(), b"*"), place.replace(name, "*")
    return response.status_code, _CHANGING.sub(b"", content), place


def test_every_address_is_in_the_matrix() -> None:
    """A new address whose things are unknown here must say how they are made (tests/house/routes.py)."""
    known = set(CONSTANTS) | set(PLACES)
    missing = {(route.pattern, one) for route in routes() for one in route.parameters if one not in known}
    assert missing == set()


def test_a_foreign_thing_looks_exactly_like_one_that_is_not_there(world: World) -> None:
    before = rows_of(world.foreign.cast.workspace.pk)
    foreign, nowhere = world.foreign.by_place(), world.nowhere()
    wrong = []
    for route in routes():
        for role, method in asked(route) if route.names_a_thing else ():
            theirs = seen(world.ask(route, role, method, foreign), foreign)
            nothing = seen(world.ask(route, role, method, nowhere), nowhere)
            if theirs != nothing or theirs[0] >= 500 or theirs[0] < 300:
                wrong.append(f"{method} {route.pattern} as {role or 'nobody'}: {theirs[0]} / {nothing[0]}")
    assert wrong == []
    assert rows_of(world.foreign.cast.workspace.pk) == before


def test_no_page_or_list_shows_anything_foreign(world: World) -> None:
    before = rows_of(world.foreign.cast.workspace.pk)
    own, shown, broken = world.own.by_place(), [], []
    for route in routes():
        for role in ROLES:
            response = world.ask(route, role, "get", own)
            status, content, _place = seen(response, {})
            if b"theirs" in content.lower() or b"elsewhere" in content.lower():
                shown.append(f"{route.pattern} as {role}")
            if status >= 500 and "readyz" not in route.pattern:
                broken.append(f"{route.pattern} as {role}: {status}")
    assert (shown, broken) == ([], [])
    assert rows_of(world.foreign.cast.workspace.pk) == before


def test_ones_own_things_are_there(world: World) -> None:
    """The tooth: the same addresses with things of one's own answer otherwise, so the names are right."""
    own, nowhere = world.own.by_place(), world.nowhere()
    same = [
        route.pattern
        for route in routes()
        if route.names_a_thing
        and all(
            seen(world.ask(route, role, method, own), own) == seen(world.ask(route, role, method, nowhere), nowhere)
            for role, method in asked(route)
        )
    ]
    assert same == []


def rows_of(workspace_id: UUID) -> dict[str, str]:
    """Return a digest of every table's rows of one workspace."""
    digests = {}
    for model in apps.get_models():
        names = {getattr(field, "attname", "") for field in model._meta.get_fields()}
        if "workspace_id" in names:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                    f" FROM {model._meta.db_table} t WHERE workspace_id = %s",
                    [workspace_id],
                )
                digests[model._meta.db_table] = cursor.fetchone()[0]
    return digests
