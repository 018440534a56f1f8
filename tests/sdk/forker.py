"""Processes that fork with an open spool: `python -m tests.sdk.forker STORY SPOOL [URL]`."""

import os
import sys
from collections.abc import Callable

from reviewqueue_client import Retry, ReviewQueue
from reviewqueue_client.spool import Spool


def child(work: Callable[[], None]) -> int:
    """Fork, do something in the child, and return the child's number."""
    number = os.fork()
    if number == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return number


def ended_well(number: int) -> bool:
    return os.waitpid(number, 0)[1] == 0


def sends(spool: str, url: str) -> None:
    """Parent, child and parent again accept an item and send it."""
    with ReviewQueue(url, api_key="rq_a", spool=spool, retry=Retry(first_pause=0.02)) as rq:

        def one(name: str) -> None:
            rq.submit_later(source="bot", kind="chat", external_id=name, output={})
            assert rq.flush(20)

        one("parent-1")
        assert ended_well(child(lambda: one("child")))
        one("parent-2")


def outlives(directory: str) -> None:
    """The parent closes its spool while the child's is open."""
    spool = Spool(directory)
    spool.add("parent", b"{}")
    opened, closed = os.pipe(), os.pipe()

    def work() -> None:
        spool.last()
        os.write(opened[1], b"1")
        os.read(closed[0], 1)
        spool.add("child", b"{}")

    number = child(work)
    os.read(opened[0], 1)
    spool.close()
    os.write(closed[1], b"1")
    assert ended_well(number)
    print(*[one.external_id for one in spool.next(most=9, most_bytes=99)])


def inherits(directory: str) -> None:
    """The parent forks while it sends."""
    spool = Spool(directory)
    stopped, told = os.pipe(), os.pipe()

    def work() -> None:
        with spool.sending() as meanwhile:
            pass
        os.write(told[1], b"1")
        os.read(stopped[0], 1)
        with spool.sending() as afterwards:
            print(f"{meanwhile} while the parent sends, {afterwards} afterwards", flush=True)

    with spool.sending() as mine:
        assert mine
        number = child(work)
        os.read(told[0], 1)
    os.write(stopped[1], b"1")
    assert ended_well(number)


if __name__ == "__main__":
    {"sends": sends, "outlives": outlives, "inherits": inherits}[sys.argv[1]](*sys.argv[2:])
