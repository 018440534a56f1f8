"""A client program with a key, as the outside sees the API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import Membership
from reviewqueue.audit.actions import SYSTEM
from tests.cast import NOW, Cast

ALL = ["items:write", "items:read", "reviews:write", "datasets:read", "datasets:write"]


class Api:
    """Sends JSON with a key."""

    def __init__(self, key: str) -> None:
        self._client = Client()
        self.key = key

    def send(
        self, method: str, path: str, body: Any = None, *, type: str = "application/json", **headers: str
    ) -> Any:
        """Send a request below /api/v1/; ``body`` is a value, or the exact bytes."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.key:
            headers.setdefault("authorization", f"Bearer {self.key}")
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self._client.generic(method, address, data, content_type=type, headers=headers)

    def get(self, path: str, **headers: str) -> Any:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """Write."""
        return self.send("POST", path, body, **more)

    def patch(self, path: str, body: Any) -> Any:
        """Change."""
        return self.send("PATCH", path, body)


@pytest.fixture
def api(cast: Cast) -> Api:
    """A program of the workspace that submits and reads."""
    return Api(cast.key)


@pytest.fixture
def stranger(cast: Cast) -> Api:
    """A program of another workspace."""
    return Api(cast.stranger_key)


@pytest.fixture
def acting_as(cast: Cast) -> Callable[..., Api]:
    """Make a program that acts as a person, or that is bound to a source."""

    def make(who: Membership | None = None, scopes: list[str] = ALL, source: str = "") -> Api:
        user = who.user if who else None
        _row, key = create_key(
            workspace=cast.workspace, name="made", scopes=scopes, by=SYSTEM, now=NOW, user=user, source_slug=source
        )
        return Api(key)

    return make
