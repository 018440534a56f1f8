"""The feeder against a real HTTP server: it sends, it waits, it survives restarts, it stops."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reviewqueue.demo import feeder


class Receiver(ThreadingHTTPServer):
    """Takes items as the API does; `refusals` are the statuses it answers first."""

    daemon_threads = True

    def __init__(self, address, refusals=()):
        super().__init__(address, Handler)
        self.refusals = list(refusals)
        self.requests = []
        self.taken = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers["Authorization"], body))
        if self.server.refusals:
            return self.answer(self.server.refusals.pop(0), {"title": "not now"})
        items = body.get("items")
        if items is None:
            self.answer(201, {"id": body["external_id"]})
        else:
            results = [{"index": n, "status": 201, "id": one["external_id"]} for n, one in enumerate(items)]
            self.answer(200, {"results": results})
        self.server.taken.set()
        return None

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def receiving(port=0, refusals=()):
    server = Receiver(("127.0.0.1", port), refusals)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server


def client_of(server):
    return feeder.open_client(f"http://127.0.0.1:{server.server_port}", "rq_key")


def stop_after(turns):
    """A wait that does not wait and asks to stop after so many turns."""
    left = iter(range(turns))
    return lambda _seconds: next(left, None) is None


def run(*arguments):
    command = [sys.executable, "-m", "reviewqueue.demo.feeder", *arguments]
    environment = {**os.environ, "REVIEWQUEUE_API_KEY": "rq_key"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def test_items_arrive_with_the_key_and_ids_of_their_own(receiver):
    with client_of(receiver) as client:
        assert feeder.feed(client, rate=600, seed=1, wait=stop_after(20)) == 20
    paths, keys, items = zip(*receiver.requests, strict=True)
    assert set(paths) == {"/api/v1/items"}
    assert set(keys) == {"Bearer rq_key"}
    assert len({item["external_id"] for item in items}) == 20
    assert len({item["model"]["version"] for item in items}) == 2


def test_the_same_seed_sends_the_same_customers_in_the_same_order():
    first, second = feeder.traffic(5), feeder.traffic(5)
    assert [next(first)[0].id for _ in range(30)] == [next(second)[0].id for _ in range(30)]


def test_a_busy_server_gets_the_same_item_again():
    with receiving(refusals=[503, 429]) as server, client_of(server) as client:
        assert feeder.feed(client, rate=600, seed=1, wait=stop_after(3)) == 1
    assert len({body["external_id"] for _, _, body in server.requests}) == 1
    assert len(server.requests) == 3


def test_an_item_survives_a_server_that_is_away():
    with receiving() as server:
        port = server.server_port
    back = []

    def server_comes_back(_seconds):
        back.append(receiving(port=port))
        back[-1].__enter__()
        return False

    with client_of(server) as client:
        response = feeder.post(client, "/api/v1/items", {"external_id": "conv-1"}, wait=server_comes_back)
    back[0].__exit__(None, None, None)
    assert response.json() == {"id": "conv-1"}
    assert len(back) == 1


def test_it_waits_longer_each_time_but_never_very_long():
    waits = [feeder.back_off(attempt, None) for attempt in range(12)]
    assert waits[:3] == [1, 2, 4]
    assert max(waits) == 30


def test_an_item_the_server_finds_wrong_is_left_behind():
    with receiving(refusals=[422]) as server, client_of(server) as client:
        assert feeder.feed(client, rate=600, seed=1, wait=stop_after(2)) == 1
    assert len({body["external_id"] for _, _, body in server.requests}) == 2


def test_history_goes_in_batches_and_the_results_come_in_order(receiver):
    items = [{"external_id": f"history-{number}"} for number in range(2300)]
    with client_of(receiver) as client:
        results = feeder.submit_batch(client, items)
    assert [len(body["items"]) for _, _, body in receiver.requests] == [1000, 1000, 300]
    assert [result["id"] for result in results] == [item["external_id"] for item in items]


def test_a_refused_key_ends_it_with_a_clear_line():
    with receiving(refusals=[401]) as server:
        running = run("--url", f"http://127.0.0.1:{server.server_port}", "--rate", "6000")
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "refused the key" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(receiver, number):
    running = run("--url", f"http://127.0.0.1:{receiver.server_port}", "--rate", "6000")
    assert receiver.taken.wait(60)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "were taken" in said


def test_rate_zero_sends_nothing_and_still_stops(receiver):
    running = run("--url", f"http://127.0.0.1:{receiver.server_port}", "--rate", "0")
    assert "waiting quietly" in running.stderr.readline()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert receiver.requests == []
