"""The spool and its background: what they accept is on the disk, bounded, shared, and sent once."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reviewqueue_client import NotAnItem, Retry, ReviewQueue, SpoolError, SpoolFull
from reviewqueue_client.driving import Address
from reviewqueue_client.errors import Problem
from reviewqueue_client.keeping import default_directory
from reviewqueue_client.spool import Spool

from tests.cast import item
from tests.sdk.both import QUICK
from tests.sdk.misbehaving import DROP, Act, Asked, busy, misbehaving
from tests.walk.product import until

Connect = Callable[..., Any]


def storing(**otherwise: int) -> Callable[[Asked], Act]:
    """Answer each item of a batch that it is stored, but those named with another status and a problem."""

    def answer(asked: Asked) -> Act:
        statuses = [otherwise.get(one["external_id"], 201) for one in asked.document["items"]]
        problem = {"type": "https://x/problems/bad", "detail": "Wrong."}
        told = [
            {"index": index, "status": status} | ({"id": str(index)} if status < 300 else {"error": problem})
            for index, status in enumerate(statuses)
        ]
        return Act(200, {"results": told})

    return answer


def malformed_by(name: str) -> Callable[[Asked], Act]:
    """Refuse a whole batch for one of its items."""

    def answer(asked: Asked) -> Act:
        if name in [one["external_id"] for one in asked.document["items"]]:
            return Act(400, {"type": "https://x/problems/malformed", "detail": "Cannot be read."})
        return storing()(asked)

    return answer


def sent(asked: list[Asked]) -> list[list[str]]:
    """Return the external ids of each batch that arrived."""
    return [[one["external_id"] for one in request.document["items"]] for request in asked]


def test_what_was_accepted_is_sent_in_order_with_the_time_it_happened(connect: Connect) -> None:
    with misbehaving(DROP, storing()) as site:
        rq = connect(site.url, retry=Retry(first_pause=0.3))
        accepted = [rq.submit_later(**item(f"conv-{number}")) for number in range(3)]
        assert rq.flush(10)
        assert rq.background.status().waiting == 0
    assert accepted == ["conv-0", "conv-1", "conv-2"] == sent(site.asked)[-1]
    assert all("occurred_at" in one for one in site.asked[-1].document["items"])


def test_what_is_refused_is_put_aside_with_the_reason(connect: Connect) -> None:
    with misbehaving(DROP, storing(bad=422, taken=409), storing()) as site:
        rq = connect(site.url, retry=Retry(first_pause=0.3))
        for name in ("good", "bad", "taken"):
            rq.submit_later(**item(name))
        assert rq.flush(10)
        refused = rq.background.refused()
        assert [(one.external_id, one.status, one.reason) for one in refused] == [
            ("bad", 422, "422 Wrong."),
            ("taken", 409, "409 Wrong."),
        ]
        assert rq.background.status().refused == 2
        rq.background.forget(refused[1:])
        rq.background.send_again(refused[:1])
        assert rq.flush(10)
        assert (rq.background.status().refused, sent(site.asked)[-1]) == (0, ["bad"])
        assert rq.background.status().bytes == 0


def test_one_item_that_spoils_a_batch_spoils_no_other(connect: Connect) -> None:
    with misbehaving(DROP, malformed_by("two")) as site:
        rq = connect(site.url, retry=Retry(first_pause=0.3))
        for name in ("one", "two", "three"):
            rq.submit_later(**item(name))
        assert rq.flush(10)
        assert [one.external_id for one in rq.background.refused()] == ["two"]
    assert sent(site.asked)[1:] == [["one", "two", "three"], ["one"], ["two"], ["three"]]


def test_a_quota_smaller_than_a_batch_is_found_and_kept(connect: Connect) -> None:
    def at_most_three(asked: Asked) -> Act:
        return storing()(asked) if len(asked.document["items"]) <= 3 else busy(429, retry_after="3600")

    with misbehaving(DROP, at_most_three) as site:
        rq = connect(site.url, retry=Retry(first_pause=0.3))
        names = [rq.submit_later(**item(f"conv-{number}")) for number in range(20)]
        assert rq.flush(10)
        stored = [batch for batch in sent(site.asked)[1:] if len(batch) <= 3]
    assert [name for batch in stored for name in batch] == names


def test_a_key_that_is_refused_loses_nothing(connect: Connect) -> None:
    with misbehaving(Act(401, {"detail": "No such key."})) as site:
        rq = connect(site.url)
        rq.submit_later(**item())
        assert not rq.flush(0.5)
        status = rq.background.status()
    assert (status.waiting, status.refused, len(site.asked)) == (1, 0, 1)
    assert "No such key" in (status.trouble or "")


def test_a_spool_that_is_full_says_so_and_accepts_again_when_it_was_sent(connect: Connect) -> None:
    with misbehaving(busy(503), storing()) as site:
        rq = connect(site.url, spool_bytes=600, retry=Retry(first_pause=0.2))
        rq.submit_later(**item("first"))
        with pytest.raises(SpoolFull, match="1 items wait for the server, 0 were refused"):
            rq.submit_later(**item("second"))
        assert rq.flush(10)
        assert rq.submit_later(**item("second")) == "second"
        assert rq.flush(10)


def test_what_cannot_be_written_or_held_is_not_accepted(connect: Connect, tmp_path: Path) -> None:
    rq = connect("http://127.0.0.1:9")
    for wrong in ({"confidence": float("nan")}, {"output": {"content": "\ud800"}}, {"output": object()}):
        with pytest.raises(NotAnItem):
            rq.submit_later(**item(**wrong))
    with pytest.raises(ValueError, match="held"):
        rq.submit_later(**item(gate={"deadline_seconds": 60}))
    assert rq.background.status().waiting == 0
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="cannot be used"):
        connect("http://127.0.0.1:9", spool=tmp_path / "file" / "spool").submit_later(**item())


def test_a_spool_is_for_its_owner_alone_and_forgets_what_was_sent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    spool.add("secret", b'{"said": "my card is 4929"}')
    assert b"4929" in b"".join(one.read_bytes() for one in (tmp_path / "spool").iterdir())
    spool.settle(spool.next(most=10, most_bytes=1000))
    spool.tidy()
    assert b"4929" not in b"".join(one.read_bytes() for one in (tmp_path / "spool").iterdir())
    spool.close()


def test_every_commit_is_forced_to_the_disk(tmp_path: Path) -> None:
    """What synchronous=FULL is about: power may fail right after :meth:`Spool.add`."""
    spool = Spool(tmp_path)
    with spool._open() as database:
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    spool.close()


def test_only_one_process_sends_at_a_time_and_another_follows_when_it_dies(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    program = (
        "import sys, time; from reviewqueue_client.spool import Spool\n"
        "with Spool(sys.argv[1]).sending() as mine: print(mine, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": "sdk/python/src"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with spool.sending() as mine:
            assert not mine
        other.kill()
        other.wait()
        with spool.sending() as mine, spool.sending() as twice:
            assert (mine, twice) == (True, False)
    with spool.sending() as mine:
        assert mine
    spool.close()


def test_two_clients_on_one_spool_send_everything_once(tmp_path: Path) -> None:
    with misbehaving(storing()) as site:
        with (
            ReviewQueue(site.url, api_key="rq_a", spool=tmp_path, retry=QUICK) as one,
            ReviewQueue(site.url, api_key="rq_a", spool=tmp_path, retry=QUICK) as other,
        ):
            names = [rq.submit_later(**item(f"{n}-{i}")) for n, rq in enumerate((one, other)) for i in range(40)]
            assert one.flush(10)
            assert other.flush(10)
        assert sorted(name for batch in sent(site.asked) for name in batch) == sorted(names)


def forked(story: str, *arguments: object) -> str:
    """Run one of the stories of forker.py, in a process of its own."""
    command = [sys.executable, "-m", "tests.sdk.forker", story, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": "sdk/python/src"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_child_of_a_process_that_has_a_client_sends_on_its_own(tmp_path: Path) -> None:
    with misbehaving(storing()) as site:
        forked("sends", tmp_path, site.url)
        assert [name for batch in sent(site.asked) for name in batch] == ["parent-1", "child", "parent-2"]


def test_what_a_child_accepts_is_there_though_its_parent_closed_the_spool_before(tmp_path: Path) -> None:
    """SQLite removes the log with its last user; a child that inherited a connection would go on writing into it."""
    assert forked("outlives", tmp_path) == "parent child\n"


def test_a_child_may_send_when_its_parent_was_sending_as_it_forked(tmp_path: Path) -> None:
    assert forked("inherits", tmp_path) == "False while the parent sends, True afterwards\n"


def test_a_damaged_spool_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite3").write_bytes(b"not a database at all, but longer than its header" * 40)
    with pytest.raises(SpoolError, match="cannot be used: file is not a database"):
        Spool(tmp_path)


def test_what_fails_again_and_again_goes_alone_and_later(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for name in ("a", "b"):
        spool.add(name, b"{}")
    for _ in range(3):
        spool.failed([one for one in spool.next(most=9, most_bytes=99) if one.external_id == "a"])
    assert [one.external_id for one in spool.next(most=9, most_bytes=99)] == ["b"]
    spool.settle(spool.next(most=9, most_bytes=99), [])
    assert spool.next(most=9, most_bytes=99) == []
    with spool._open() as database:
        (rest,) = database.execute("SELECT not_before FROM waiting").fetchone()
    assert 6 < rest - time.time() <= 8
    spool.failed([], at_once=True)
    assert spool.holding().waiting == 1
    spool.close()


def test_no_more_is_read_than_fits_into_one_request(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(5):
        spool.add(str(number), b"x" * 100)
    assert [one.external_id for one in spool.next(most=3, most_bytes=10**6)] == ["0", "1", "2"]
    assert [one.external_id for one in spool.next(most=9, most_bytes=205)] == ["0", "1"]
    assert [one.external_id for one in spool.next(most=9, most_bytes=1)] == ["0"]
    spool.settle([], [(one, Problem(422)) for one in spool.next(most=1, most_bytes=1)])
    assert (spool.holding().waiting, spool.holding().refused, spool.holding().bytes) == (4, 1, 500)
    spool.close()


def test_every_server_and_key_have_a_directory_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("REVIEWQUEUE_SPOOL", raising=False)
    old = ReviewQueue("http://127.0.0.1:9", api_key="rq_old", retry=QUICK)
    old.submit_later(**item())
    old.close()
    with ReviewQueue("http://127.0.0.1:9", api_key="rq_new", retry=QUICK) as rq:
        assert rq.background.status().waiting == 0
        assert rq.background.spool.directory == default_directory(Address("http://127.0.0.1:9", "rq_new"))
    assert f"REVIEWQUEUE_SPOOL={default_directory(Address('http://127.0.0.1:9', 'rq_old'))} sends them" in caplog.text


def test_the_end_of_the_program_sends_what_it_can_and_does_not_hang_on_a_dead_server(tmp_path: Path) -> None:
    program = (
        "import sys; from reviewqueue_client import ReviewQueue\n"
        "ReviewQueue(sys.argv[1], api_key='rq_a', spool=sys.argv[2])"
        ".submit_later(source='s', kind='chat', external_id='one', output={})"
    )
    environment = {**os.environ, "PYTHONPATH": "sdk/python/src"}
    command = [sys.executable, "-c", program]
    with misbehaving(storing()) as site:
        subprocess.run([*command, site.url, str(tmp_path / "a")], env=environment, check=True, timeout=20)
        assert sent(site.asked) == [["one"]]
    begun = time.monotonic()
    subprocess.run([*command, site.url, str(tmp_path / "b")], env=environment, check=True, timeout=20)
    assert time.monotonic() - begun < 4
    with sqlite3.connect(tmp_path / "b" / "spool.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM waiting").fetchone() == (1,)
    database.close()


def test_a_process_that_finds_something_in_the_spool_sends_it_unasked(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add("left", b'{"external_id": "left"}')
    spool.close()
    with misbehaving(storing()) as site, ReviewQueue(site.url, api_key="rq_a", spool=tmp_path) as rq:
        assert rq.background.status().waiting <= 1
        assert until(lambda: sent(site.asked) == [["left"]])
