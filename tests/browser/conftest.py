"""A real Chromium before a real server: pages as people meet them, scripts and styles at work."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, BrowserContext, Page

from reviewqueue.accounts.models import User
from tests.cast import Cast, make_cast

Opened = Callable[..., Page]

# Notes that a page is about to be left, for whoever looks at the page that a click leads to.
LEAVING = """
window.navigation?.addEventListener("navigate", ({ destination, downloadRequest }) => {
  if (!destination.sameDocument && downloadRequest === null) window.leaving = true;
});
"""
ARRIVED = "!window.leaving && document.readyState === 'complete' && !document.querySelector('.htmx-request')"


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
        context.add_init_script(LEAVING)
        page = context.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    under_way = UnderWay()
    yield open_page
    for context in contexts:
        context.close()
    under_way.wait()


class UnderWay:
    """Counts the requests that the server works on: one that a closing page sent must not meet the next flush."""

    def __init__(self) -> None:
        self.count = 0
        request_started.connect(self._began)
        request_finished.connect(self._ended)

    def _began(self, **_: Any) -> None:
        self.count += 1

    def _ended(self, **_: Any) -> None:
        self.count -= 1

    def wait(self) -> None:
        """Wait until nothing is under way, for as long as a request may take."""
        until = time.monotonic() + 10
        time.sleep(0.1)  # what was sent at the last moment has arrived by then
        while self.count > 0 and time.monotonic() < until:
            time.sleep(0.02)


def arrive(page: Page) -> None:
    """Wait for the page, or the part of it, that a click led to: the browser does not."""
    page.wait_for_function(ARRIVED)


def take_the_next(page: Page) -> None:
    """Press the focused action of my queue, once the browser has given it the focus."""
    page.wait_for_function("document.activeElement?.matches('.btn.primary')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".wb[data-turn]")


def _session(user: User) -> str:
    """Sign a person in without the slow password."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)
