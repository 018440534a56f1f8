"""What the documents say is what the code does, where that can be read from both."""

import re
from pathlib import Path

from reviewqueue import pipeline
from reviewqueue.intake.models import State
from tests.deploy.compose import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
WALK = (ROOT / "docs" / "walk.md").read_text()


def test_every_link_between_the_pages_leads_somewhere() -> None:
    broken = [
        (page.name, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if not link.startswith("https://") and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_setting_that_is_read_from_the_environment_is_explained() -> None:
    read = set(re.findall(r"\benv(?:_\w+)?\(\"([A-Z_]+)\"", _code("reviewqueue/settings.py", "reviewqueue/asgi.py")))
    started = re.findall(
        r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", _code("reviewqueue/runtime/product.py", "reviewqueue/starting.py")
    )
    explained = set(re.findall(r"`([A-Z][A-Z_]+)`", OPERATING))
    assert (read | set(started)) - explained == set()


def test_the_picture_of_the_walk_has_every_state_and_names_verbs_that_there_are() -> None:
    picture = re.search(r"```mermaid\n(.+?)```", WALK, re.DOTALL)
    assert picture is not None
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (.+)$", picture[1], re.MULTILINE))
    states = {state for one in drawn for state in one[:2]}
    assert states == set(State.values)
    named = re.compile(r"[a-z]+_[a-z_]+|escalate|snooze|assign|undo|withdraw|signal|appeal")
    verbs = {verb for one in drawn for verb in named.findall(one[2])}
    verbs |= set(re.findall(r"^\| `(\w+)`", WALK, re.MULTILINE))
    assert [verb for verb in verbs if not hasattr(pipeline, verb)] == []


def _code(*paths: str) -> str:
    return "\n".join(Path(ROOT, path).read_text() for path in paths)
