"""The client package against the real server, and against servers that misbehave."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.serving import Site, serving
from tests.cast import Cast, make_cast
from tests.sdk.both import client


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[Site]:
    """The product's web server, on the database that these stories write to."""
    with serving() as running:
        yield running


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The fixed cast, committed, so that the server sees it."""
    return make_cast()


@pytest.fixture(params=["sync", "async"])
def style(request: pytest.FixtureRequest) -> str:
    """Both clients tell the same story."""
    return request.param


@pytest.fixture
def connect(style: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Make a client of this style, with a spool of its own; closed in the end."""
    with ExitStack() as stack:

        def make(url: str, key: str = "rq_test", **more: Any) -> Any:
            more.setdefault("spool", tmp_path / "spool")
            return stack.enter_context(client(style, url, key, **more))

        yield make


@pytest.fixture
def rq(cast: Cast, site: Site, connect: Callable[..., Any]) -> Any:
    """A client of the real server."""
    return connect(f"http://127.0.0.1:{site.port}", cast.key)
