"""What the documents say is what the code does, where that can be read from both."""

import re
from pathlib import Path

from reviewqueue import pipeline
from reviewqueue.intake.models import State
from tests.deploy.compose import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("sdk/*/*.md"), *ROOT.glob("benchmarks/*.md")]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
WALK = (ROOT / "docs" / "walk.md").read_text()


def test_every_link_between_the_pages_leads_somewhere() -> None:
    broken = [
        (page.name, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)", _prose(page))
        if not link.startswith("https://") and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_link_to_a_heading_finds_one() -> None:
    broken = []
    for page in PAGES:
        for file, heading in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", _prose(page)):
            if "://" not in file and heading not in _headings(page.parent / file if file else page):
                broken.append((page.name, f"{file}#{heading}"))
    assert broken == []


def _prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def _headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are shown by those who host repositories."""
    titles = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_variable_that_is_read_is_explained_and_every_one_explained_is_read() -> None:
    settings = _code("reviewqueue/settings.py", "reviewqueue/asgi.py", "reviewqueue/starting.py")
    read = set(re.findall(r"\benv(?:_\w+)?\(\s*[\"']([A-Z_]+)", settings))
    programs = ["product.py", "programs.py"]
    started = _code(
        *(f"reviewqueue/runtime/{one}" for one in programs), "reviewqueue/demo/management/commands/demo.py"
    )
    read |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", started))
    table = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", OPERATING, re.MULTILINE)
    explained = set(re.findall(r"`([A-Z_]+)`", " ".join(table)))
    assert explained - read == {"FORWARDED_ALLOW_IPS"}  # uvicorn's own
    assert read - explained == set()


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
