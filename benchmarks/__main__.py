"""``python -m benchmarks [--only NAME]``: one JSON object a line on standard output, progress on standard error."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from django.utils.module_loading import import_string

from benchmarks.running import SCALE, say
from reviewqueue.runtime import start_servers

#: Names and the functions that yield their lines; imported once Django is set up, because they need its models.
BENCHMARKS = {
    "intake.single": "intake.single",
    "intake.batch": "intake.batch",
    "triage": "triage.lines",
    "triage.latency": "latency.lines",
    "triage.poison": "poison.lines",
    "claim": "claim.lines",
    "claim.http": "claim_http.lines",
    "submit": "submit.lines",
    "release.jsonl": "release.jsonl",
    "feed": "feed.lines",
    "gate.answer": "gate.answer",
    "gate.passed": "gate.passed",
    "webhook": "webhook.lines",
    "replay": "replay.lines",
    "day": "day.lines",
}


def main() -> int:
    """Run the benchmarks asked for on servers of their own; 2 when the name fits none."""
    only = _arguments()
    chosen = [name for name in BENCHMARKS if name.startswith(only)]
    if not chosen:
        say(f"There is no benchmark {only}; there are {', '.join(BENCHMARKS)}.")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with own_servers():
        for name in chosen:
            _print(name)
    return 0


def _arguments() -> str:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="a name, or the beginning of some")
    return parser.parse_args().only


@contextmanager
def own_servers() -> Iterator[None]:
    """Start servers in a new data directory, with an empty migrated database; remove all of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="reviewqueue-bench-") as folder:
        data_dir = Path(folder) / "data"
        _point_at(data_dir)
        servers = start_servers(data_dir, report=say)
        try:
            _migrate()
            yield
        finally:
            servers.remove()


def _point_at(data_dir: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "KEY_REQUESTS_PER_MINUTE": "0",  # what is measured is how much can be done, not what may be asked
        "SOURCE_ITEMS_PER_MINUTE": "0",
        "SOURCE_OPEN_ITEMS": "0",
        "DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "reviewqueue.settings",
        "LOG_LEVEL": "WARNING",
    }


def _migrate() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.STATIC_ROOT.mkdir()  # where the web server looks for what nobody asks for here
    call_command("migrate", verbosity=0)


def _print(name: str) -> None:
    from benchmarks.loading import empty

    lines = import_string(f"benchmarks.{BENCHMARKS[name]}")
    began = monotonic()
    say(f"{name} at scale {SCALE:g} ...")
    empty()
    for line in lines():
        print(json.dumps(line), flush=True)
    say(f"{name}: {monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
