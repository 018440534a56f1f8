"""Programs are killed while they accept and while they send: what the client accepted is stored, once each.

Real processes on one spool, a real server; whoever kills keeps what each program said it had accepted.
"""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from reviewqueue_client import ReviewQueue
from reviewqueue_client.spool import Spool

from reviewqueue.intake.models import Item
from tests.api.serving import Site
from tests.cast import Cast
from tests.sdk.both import QUICK

ROOT = Path(__file__).resolve().parents[2]
SEED = random.randrange(10**6)


class Program:
    """A submitter, and what it has said."""

    def __init__(self, site: Site, cast: Cast, spool: Path, name: str, most: int = 10**9) -> None:
        command = [sys.executable, "-m", "tests.sdk.submitter", f"http://127.0.0.1:{site.port}", str(spool)]
        environment = {**os.environ, "KEY": cast.key, "PYTHONPATH": f"{ROOT / 'sdk/python/src'}"}
        self.process = subprocess.Popen(
            [*command, name, str(most)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.ready = threading.Event()
        self.accepted: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                if line == "ready\n":
                    self.ready.set()
                elif line.endswith("\n") and line != "done\n":
                    self.accepted.append(line.strip())
        self.ready.set()

    def is_working(self) -> bool:
        """Wait until it works; false when it has ended instead."""
        return self.ready.wait(60) and self.process.poll() is None

    def kill(self) -> list[str]:
        """Kill it in the midst of whatever it does, and return what it had accepted."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        return self.accepted


def killed_again_and_again(site: Site, cast: Cast, spool: Path, kills: int) -> list[str]:
    """Run two programs on one spool, kill one of them at a random moment, start another; return what was accepted."""
    chance = random.Random(SEED)
    accepted: list[str] = []
    running = [Program(site, cast, spool, f"{SEED}-first"), Program(site, cast, spool, f"{SEED}-second")]
    try:
        for number in range(kills):
            victim = running.pop(0)
            assert victim.is_working()
            threading.Event().wait(chance.uniform(0, 0.4))
            accepted += victim.kill()
            running.append(Program(site, cast, spool, f"{SEED}-{number}"))
        assert all(last.is_working() for last in running)
    finally:
        accepted += [name for last in running for name in last.kill()]
    return accepted


def stored(cast: Cast) -> list[str]:
    return list(Item.objects.filter(source=cast.source).values_list("external_id", flat=True))


def sent_to_the_end(site: Site, cast: Cast, spool: Path) -> None:
    with ReviewQueue(f"http://127.0.0.1:{site.port}", api_key=cast.key, spool=spool, retry=QUICK) as rq:
        assert rq.flush(120)
        assert rq.background.refused() == []


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.long)])
def test_nothing_that_was_accepted_is_lost_or_stored_twice(
    cast: Cast, site: Site, tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = killed_again_and_again(site, cast, tmp_path / "spool", kills)
    left = Spool(tmp_path / "spool").holding().waiting
    sent_to_the_end(site, cast, tmp_path / "spool")
    kept = stored(cast)
    if kills > 10:
        with capsys.disabled():
            print(f"\n{kills} kills, seed {SEED}: {len(accepted)} accepted, {left} left, {len(kept)} stored")
    assert len(accepted) > kills
    assert set(accepted) - set(kept) == set()
    assert len(kept) == len(set(kept))
    # one more per program at most: accepted, and killed before it could say so
    assert len(kept) - len(accepted) <= kills + 2


def test_a_program_that_only_remembers_would_lose_what_it_accepted(
    cast: Cast, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tooth: with a spool that a kill takes along, the same kills do lose items, and this story would see it."""
    monkeypatch.setenv("SPOOL_DIES_WITH_ITS_PROCESS", "1")
    accepted = killed_again_and_again(site, cast, tmp_path / "spool", 1)
    sent_to_the_end(site, cast, tmp_path / "spool")
    assert set(accepted) - set(stored(cast)) != set()
