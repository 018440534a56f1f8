"""Take pictures of a running demo: the README's three, or every page (--all) in both themes and three widths.

    make demo                                      # in another terminal
    make screenshots                               # writes docs/images/*.png
    .venv/bin/python scripts/screenshots.py --all /tmp/pages

Reads URL (http://127.0.0.1:8000), and DEMO_PASSWORD or the file demo_password in DATA_DIR (./.data).
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURE = (1440, 900)
SIZES = {"wide": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
THEMES = ("light", "dark")

#: What the reviewer adds to an answer, whichever it is, before its last line.
PROMISE = {
    "en": "If anything is unclear, reply to this message and we call you the same day.",
    "de": "Ist etwas unklar, antworten Sie auf diese Nachricht: wir rufen Sie am selben Tag an.",
}

Go = Callable[[Page], None]


def main() -> int:
    """Take the pictures that were asked for."""
    options = _arguments()
    shot = Camera(options.url.rstrip("/"), _password())
    with _browser() as browser:
        if options.all:
            shot.every_page(browser, options.all)
        else:
            shot.readme(browser, ROOT / "docs" / "images")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("URL", "http://127.0.0.1:8000"))
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, into this folder")
    return parser.parse_args()


def _password() -> str:
    if given := os.environ.get("DEMO_PASSWORD"):
        return given
    kept = Path(os.environ.get("DATA_DIR", ROOT / ".data")) / "demo_password"
    if not kept.exists():
        sys.exit(f"There is no {kept}; set DEMO_PASSWORD, or DATA_DIR to that of the running demo.")
    return kept.read_text().strip()


@contextmanager
def _browser() -> Iterator[Browser]:
    """Start the system's Chromium, or Playwright's own."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *as_root])
        yield browser
        browser.close()


class Camera:
    """Pictures of one demo."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password = url, password

    def readme(self, browser: Browser, folder: Path) -> None:
        """Take the README's pictures: the board, the workbench in the middle of a correction, a release."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, (who, go) in README.items():
            with self.signed_in(browser, who, "light", PICTURE) as page:
                go(page)
                _settle(page)
                page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")
                sys.stdout.write(f"{folder / name}.png\n")

    def every_page(self, browser: Browser, folder: Path) -> None:
        """Take every page, whole, in both themes and all widths."""
        folder.mkdir(parents=True, exist_ok=True)
        for theme in THEMES:
            for size, measures in SIZES.items():
                for who, pages in PAGES.items():
                    with self.signed_in(browser, who, theme, measures) as page:
                        for name, go in pages.items():
                            go(page)
                            _settle(page)
                            page.screenshot(path=folder / f"{name}-{theme}-{size}.png", full_page=True)
                sys.stdout.write(f"{theme}, {size}\n")

    @contextmanager
    def signed_in(self, browser: Browser, who: str, theme: str, size: tuple[int, int]) -> Iterator[Page]:
        """Open a page as one of the demo's people, or as nobody."""
        context = browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            locale="en-GB",
            timezone_id=_where_it_is_late_morning(),
        )
        host = urlsplit(self.url).hostname or ""
        context.add_cookies([{"name": "theme", "value": theme, "domain": host, "path": "/"}])
        page = context.new_page()
        if who:
            self._sign_in(page, who)
        yield page
        context.close()

    def _sign_in(self, page: Page, who: str) -> None:
        page.goto("/sign-in/")
        page.fill("#email", f"{who}@demo.localhost")
        page.fill("#password", self.password)
        page.click("main form button.primary")
        page.wait_for_url(lambda address: "/sign-in/" not in address)


def _where_it_is_late_morning() -> str:
    """Return a time zone, so that the pictures show a working day whenever they are taken."""
    ahead = (11 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def _settle(page: Page) -> None:
    """Wait until fonts and fragments are there."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


def at(path: str) -> Go:
    """Go to an address."""
    return lambda page: _open(page, path)


def _open(page: Page, path: str) -> None:
    answer = page.goto(path)
    if answer is None or not answer.ok:
        sys.exit(f"{path} answered {answer.status if answer else 'nothing'}")


def first(path: str, links: str) -> Go:
    """Go to the first link of a page that a selector finds."""

    def go(page: Page) -> None:
        _open(page, path)
        _open(page, page.locator(links).first.get_attribute("href") or path)

    return go


def work(page: Page) -> None:
    """Take the next item, or the one already held."""
    _open(page, "/work/")
    if page.locator("[data-hotkey=e], .decision").count() == 0:
        page.locator("main button.primary").first.click()
        page.wait_for_url("**/work/*-*/")


def correct(page: Page) -> None:
    """Take an item and begin to correct it."""
    work(page)
    page.keyboard.press("e")
    box = page.locator("textarea:focus")
    language = "de" if "Freundliche Grüße" in box.input_value() else "en"
    said, _blank, regards = box.input_value().replace(f"{PROMISE[language]}\n\n", "").rpartition("\n\n")
    box.fill(f"{said}\n\n{PROMISE[language]}\n\n{regards}")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.press("3")
    page.wait_for_timeout(1500)


def release(page: Page) -> None:
    """Make a release and wait until it is there."""
    _open(page, "/datasets/support-sft/")
    page.locator("form[action$='/releases/'] button").first.click()
    page.wait_for_url("**/releases/*/")
    for _try in range(40):
        if page.locator("a[href$='data.jsonl']").count():
            return
        page.wait_for_timeout(500)
        page.reload()


README: dict[str, tuple[str, Go]] = {
    "board": ("lead", at("/board/")),
    "workbench": ("reviewer", correct),
    "release": ("ml", release),
}
PAGES: dict[str, dict[str, Go]] = {
    "": {"sign-in": at("/sign-in/")},
    "lead": {
        "board": at("/board/"),
        "board-queue": at("/board/queues/support/"),
        "my-queue-lead": at("/my-queue/"),
        "promises": at("/promises/"),
        "misses": at("/promises/misses/"),
        "overload": at("/overload/"),
        "overload-plan": at("/overload/plan/"),
        "overload-rehearsal": at("/overload/rehearsal/"),
        "items": at("/items/"),
        "item": first("/items/", "main a[href^='/items/']"),
    },
    "admin": {
        "quality": at("/quality/"),
        "members": at("/settings/"),
        "keys": at("/settings/keys/"),
        "webhooks": at("/settings/webhooks/"),
        "sources": at("/settings/sources/"),
    },
    "reviewer": {"my-queue": at("/my-queue/"), "workbench": work},
    "ml": {"datasets": at("/datasets/"), "dataset": at("/datasets/support-sft/"), "release": release},
}


if __name__ == "__main__":
    sys.exit(main())
