"""What every test may use: the cast, the clock, and a database that is emptied although tables refuse it."""

import asyncio
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from pytest_django import DjangoDbBlocker

from tests import schema
from tests.cast import Cast, make_cast

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long runs to `make faults`."""
    if os.environ.get("FAULTS"):
        return
    long = [one for one in items if one.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [one for one in items if one not in long]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let the database for all stories begin with what the migrations made of it the last time."""
    with django_db_blocker.unblock():
        schema.begin_with_the_kept()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Make the database for all stories, and keep what the migrations made of it for the next time."""
    with django_db_blocker.unblock():
        schema.keep()


@pytest.fixture(autouse=True, scope="session")
def _flush_past_triggers() -> None:
    """Empty tables between transactional tests as superuser: append-only ones refuse TRUNCATE to the product."""
    from tests.flushing import flush_as_superuser

    flush_as_superuser()


@pytest.fixture(autouse=True, scope="session")
def _static_folder() -> None:
    """Have a folder for collected static files, as every start has."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session")
def chrome() -> Iterator["Browser"]:
    """One Chromium for all stories that need one; each opens a context of its own.

    Playwright keeps an event loop in this thread, and Django refuses the database beside one unless told.
    """
    from tests.browsing import chromium

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium() as browser:
        yield browser
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """Begin each story in the product's own language, whatever the reader of the one before spoke."""
    translation.activate("en")


@pytest.fixture(autouse=True)
def _no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide the loop that Playwright keeps in this thread from stories without a browser: they may run their own."""
    if "chrome" in request.fixturenames:
        yield
        return
    kept = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(kept)


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast in an empty database; use with ``transactional_db`` for tests with several connections."""
    return make_cast()
