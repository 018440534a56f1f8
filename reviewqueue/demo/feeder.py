"""Feeds the queue over HTTP like any other AI system: `python -m reviewqueue.demo.feeder --url … --key …`.

The server may restart while this runs: an item is sent again under the same external id until it is taken.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from reviewqueue.demo.assistant import NEW, OLD, Assistant
from reviewqueue.demo.customers import Customer, load_customers
from reviewqueue.demo.items import Item, to_item

log = logging.getLogger("reviewqueue.demo.feeder")

FIRST_LINE = "Feed the queue with real answers."
BATCH = 1000  # the contract's largest batch
OLD_SHARE = 0.2  # traffic that still goes to the older version
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
KEY_REFUSED = frozenset({401, 403})
Wait = Callable[[float], bool]  # waits so many seconds; true when asked to stop


class KeyRefused(Exception):
    """The server does not take this API key; trying again cannot help."""


def open_client(url: str, key: str) -> httpx.Client:
    """An HTTP client for one workspace's key."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def submit_batch(client: httpx.Client, items: Sequence[Item], *, wait: Wait | None = None) -> list[dict[str, Any]]:
    """Submit any number of items in batches; one result for each item, in order."""
    results: list[dict[str, Any]] = []
    for start in range(0, len(items), BATCH):
        body = {"items": list(items[start : start + BATCH])}
        response = post(client, "/api/v1/items/batch", body, wait=wait or pause)
        if response is None:
            break
        response.raise_for_status()
        results.extend(response.json()["results"])
    return results


def post(client: httpx.Client, path: str, body: dict[str, Any], *, wait: Wait) -> httpx.Response | None:
    """POST until the server answers for good; None when asked to stop meanwhile."""
    for attempt in itertools.count():
        response = try_once(client, path, body)
        if response is not None and response.status_code not in TRY_AGAIN:
            if response.status_code in KEY_REFUSED:
                raise KeyRefused(f"The server refused the key ({response.status_code}): {response.text}")
            return response
        seconds = back_off(attempt, response)
        log.info("Not taken (%s); trying again in %.0f s.", reason(response), seconds)
        if wait(seconds):
            break
    return None


def try_once(client: httpx.Client, path: str, body: dict[str, Any]) -> httpx.Response | None:
    """One POST; None when the server cannot be reached."""
    try:
        return client.post(path, json=body)
    except httpx.TransportError:
        return None


def back_off(attempt: int, response: httpx.Response | None) -> float:
    """Seconds before the next try: what the server asks for, else twice as long each time."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return float(asked) if asked.isdigit() else min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT)


def reason(response: httpx.Response | None) -> str:
    return "server not reached" if response is None else f"status {response.status_code}"


def pause(seconds: float) -> bool:
    """Wait without a way to stop."""
    time.sleep(seconds)
    return False


def traffic(seed: int) -> Iterator[tuple[Customer, Assistant]]:
    """Customers without end, each with the version that answers; the same seed gives the same order."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    old, new = Assistant(OLD), Assistant(NEW)
    customers = list(load_customers())
    while True:
        chance.shuffle(customers)
        for customer in customers:
            yield customer, old if chance.random() < OLD_SHARE else new


def live_item(customer: Customer, assistant: Assistant, occurred_at: datetime) -> Item:
    """An item as of now. Microseconds make its external id unique, across restarts too."""
    answer = assistant.answer(customer.messages, customer.locale)
    turn = (len(customer.messages) + 1) // 2
    external_id = f"conv-{int(occurred_at.timestamp() * 1_000_000)}:turn-{turn}"
    return to_item(customer, answer, external_id=external_id, occurred_at=occurred_at)


def feed(client: httpx.Client, *, rate: float, seed: int, wait: Wait) -> int:
    """Submit `rate` items a minute until asked to stop; returns how many were taken."""
    taken = 0
    for customer, assistant in traffic(seed):
        if wait(60 / rate):
            break
        item = live_item(customer, assistant, datetime.now(UTC))
        response = post(client, "/api/v1/items", item, wait=wait)
        if response is None:
            break
        if response.is_error:
            log.warning("Refused %s (%s): %s", item["external_id"], response.status_code, response.text)
        taken += response.is_success
    return taken


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; the key may come from the environment, where other users cannot see it."""
    parser = argparse.ArgumentParser(prog="reviewqueue.demo.feeder", description=FIRST_LINE)
    parser.add_argument("--url", default=os.environ.get("REVIEWQUEUE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--key", default=os.environ.get("REVIEWQUEUE_API_KEY"))
    parser.add_argument("--rate", type=float, default=12, help="items a minute; 0 waits quietly")
    parser.add_argument("--seed", type=int, default=None, help="order of the customers; differs each time by default")
    parsed = parser.parse_args(argv)
    if not parsed.key:
        parser.error("give --key or set REVIEWQUEUE_API_KEY")
    return parsed


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT."""
    options = arguments(argv)
    logging.basicConfig(level=logging.INFO, format="feeder: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopped = stop_on_signals()
    if options.rate <= 0:
        log.info("The rate is 0; waiting quietly.")
        stopped.wait()
        return 0
    seed = options.seed if options.seed is not None else time.time_ns()
    try:
        with open_client(options.url, options.key) as client:
            taken = feed(client, rate=options.rate, seed=seed, wait=stopped.wait)
    except KeyRefused as refusal:
        log.error("%s", refusal)
        return 1
    log.info("Stopped; %d items were taken.", taken)
    return 0


if __name__ == "__main__":
    sys.exit(main())
