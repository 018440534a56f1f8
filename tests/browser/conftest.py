"""A real Chromium before a real server: pages as people meet them, scripts and styles at work."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, Page

from reviewqueue.accounts.models import User
from tests.browsing import chromium
from tests.cast import Cast, make_cast

Opened = Callable[..., Page]


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """One Chromium for all stories; each gets a context of its own.

    Playwright keeps an event loop in this thread, and Django refuses the database beside one unless told.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium() as browser:
        yield browser
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def cast(chrome: Browser, transactional_db: None) -> Cast:
    """The fixed cast, committed, so that the server sees it."""
    return make_cast()


@pytest.fixture
def opened(chrome: Browser, live_server: Any, cast: Cast, settings: Any) -> Iterator[Opened]:
    """Open a page as one of the cast; options are those of a browser context."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    contexts: list[BrowserContext] = []

    def open_page(name: str, path: str, **options: Any) -> Page:
        context = chrome.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        if name:
            session = {"name": settings.SESSION_COOKIE_NAME, "value": _session(getattr(cast, name).user)}
            context.add_cookies([{**session, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def _session(user: User) -> str:
    """Sign a person in without the slow password."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)
