"""What the READMEs tell a developer to type does what they say."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reviewqueue_client import ReviewQueue, StillWaiting

from reviewqueue.common import clock
from reviewqueue.intake.models import Item, Source
from tests.api.serving import Site
from tests.cast import Cast
from tests.programs import environment
from tests.sdk.test_webhooks import BODY, SECRET, signed
from tests.steps import edit, on_duty, settle
from tests.walk.product import until

ROOT = Path(__file__).resolve().parents[2]
OF_CLIENT = (ROOT / "sdk/python/README.md").read_text()
CONNECT = (ROOT / "README.md").read_text().split("## Connect your own AI system")[1].split("\n## ")[0]
SHELL, BOT = (
    re.findall(r"```sh\n(.+?)```", CONNECT, re.DOTALL),
    re.findall(r"```python\n(.+?)```", CONNECT, re.DOTALL),
)
FALLBACK, OWN = "A colleague will answer shortly.\n", "It will arrive on Friday.\n"


def bot(folder: Path, site: Site, key: str, code: str) -> "subprocess.Popen[str]":
    """Save the bot as the README says, and run it."""
    (folder / "bot.py").write_text(code)
    told = {"REVIEWQUEUE_URL": f"http://127.0.0.1:{site.port}", "REVIEWQUEUE_API_KEY": key}
    found = {"PYTHONPATH": str(ROOT / "sdk/python/src"), "XDG_STATE_HOME": str(folder)}
    command = [sys.executable, str(folder / "bot.py")]
    return subprocess.Popen(command, env={**os.environ, **told, **found}, stdout=subprocess.PIPE, text=True)


def test_a_bot_of_ten_lines_is_held_corrected_and_answered(cast: Cast, site: Site, tmp_path: Path) -> None:
    (code,) = BOT
    assert len(code.splitlines()) <= 10
    assert bot(tmp_path, site, cast.key, code).communicate(timeout=30)[0] == FALLBACK
    on_duty(cast.reviewer, now=clock.now())
    asked = bot(tmp_path, site, cast.key, code)
    until(lambda: Item.objects.filter(now_at__state="queued", gate__closed_at=None).exists())
    settle(cast, cast.reviewer, edit("It will arrive on Monday."), now=clock.now())
    assert asked.communicate(timeout=30)[0] == "It will arrive on Monday.\n"
    assert bot(tmp_path, site, cast.key, code.replace("0.42", "0.95")).communicate(timeout=30)[0] == OWN


def test_the_key_is_made_as_it_is_typed(cast: Cast, site: Site) -> None:
    (typed,) = SHELL
    install, url, key = typed.replace("\\\n", " ").strip().splitlines()
    assert shlex.split(install) == [".venv/bin/pip", "install", "./sdk/python"]
    assert url == "export REVIEWQUEUE_URL=http://127.0.0.1:8000"
    command = re.fullmatch(r"export REVIEWQUEUE_API_KEY=\$\(\.venv/bin/python (.+)\)", key)
    assert command is not None
    arguments = ["acme" if one == "demo" else one for one in shlex.split(command[1])]
    made = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    with ReviewQueue(f"http://127.0.0.1:{site.port}", api_key=made.stdout.strip()) as rq:
        assert list(rq.items()) == []


def test_every_example_of_the_clients_readme_runs(
    cast: Cast, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Source.objects.create(workspace=cast.workspace, slug="agent", name="Agent", created_at=clock.now())
    url = f"http://127.0.0.1:{site.port}"
    monkeypatch.setenv("REVIEWQUEUE_URL", url)
    monkeypatch.setenv("REVIEWQUEUE_API_KEY", cast.key)
    monkeypatch.setenv("REVIEWQUEUE_SPOOL", str(tmp_path / "spool"))
    known: dict[str, Any] = {"load_cursor": lambda: None, "store": list, "save_cursor": list, "tools": {"none": str}}
    known["plan"] = lambda task: type("Call", (), {"name": "refund", "args": {"order": task}, "confidence": 0.5})
    made: set[ReviewQueue] = set()
    for example in re.findall(r"```python\n(.+?)```", OF_CLIENT, re.DOTALL):
        here = example.replace("http://127.0.0.1:8000", url).replace('"rq_…"', repr(cast.key))
        here = here.replace("/var/lib/my-bot/spool", str(tmp_path / "named")).replace("whsec_…", SECRET)
        if "timeout=60" in here:
            with pytest.raises(StillWaiting):
                exec(here.replace("timeout=60", "timeout=0.1"), known)
        else:
            exec(here, known)
        made.add(known["rq"])
    assert capsys.readouterr().out == FALLBACK
    assert known["receive"](BODY.encode(), signed(BODY, SECRET)) == 204
    assert known["rq"].flush(20)
    for one in made:
        one.close()
    assert Item.objects.filter(external_id__in=["conv-1:turn-1", "conv-1:turn-2"]).count() == 2
