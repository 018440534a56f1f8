"""The product's own programs, as a start in the foreground and the containers run them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from reviewqueue.runtime.children import Program

ROOT = Path(__file__).resolve().parents[2]


def programs(*, host: str, port: int, env: Mapping[str, str]) -> list[Program]:
    """Return web, worker and the sweeper; ``env`` adds to each one's environment."""
    return [
        Program("web", web(host=host, port=port), {**env, "PROGRAM": "reviewqueue-web"}),
        Program("worker", worker(), {**env, "PROGRAM": "reviewqueue-worker"}),
        Program("run_due", run_due(), {**env, "PROGRAM": "reviewqueue-run_due"}),
    ]


def web(*, host: str, port: int) -> list[str]:
    """Return the web server's command."""
    processes = os.environ.get("WEB_PROCESSES", "2")
    command = [sys.executable, "-m", "uvicorn", "reviewqueue.asgi:application", "--host", host, "--port", str(port)]
    return [*command, "--workers", processes, "--timeout-graceful-shutdown", "5", "--no-access-log"]


def worker() -> list[str]:
    """Return the Celery worker's command: no gossip and no mingling, which only load the broker."""
    processes = os.environ.get("WORKER_PROCESSES", "2")
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--concurrency", processes]
    return [*command, "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "-Ofair"]


def run_due() -> list[str]:
    """Return the sweeper's command."""
    return [sys.executable, str(ROOT / "manage.py"), "run_due"]
