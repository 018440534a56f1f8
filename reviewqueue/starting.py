"""The start in the foreground: servers, migrations, static files, then web, worker and sweeper until Ctrl-C."""

import hashlib
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from reviewqueue.common.environment import env, env_int
from reviewqueue.runtime import CannotStart, Program, run_stack
from reviewqueue.runtime.product import programs


class Start:
    """One start; subclasses add steps before the programs and words after."""

    def __init__(self, *, host: str, port: int, say: Callable[[str], object]) -> None:
        self.host, self.port = host, port
        self._say = say
        self._began = time.monotonic()

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Add where to listen to a command."""
        parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=env_int("PORT", 8000, least=1, most=65_535))

    @property
    def address(self) -> str:
        """Where people open the product."""
        return f"http://{self.host}:{self.port}"

    def say(self, line: str) -> None:
        """Tell of progress at once."""
        self._say(line)
        sys.stdout.flush()

    def run(self) -> None:
        """Run until a signal ends it. Raises CommandError with one clear line when it cannot."""
        try:
            code = run_stack(
                self.programs(),
                data_dir=Path(settings.DATA_DIR),
                address=self.address,
                prepare=self.prepare,
                ready=self.is_ready,
                announce=self.announce,
                embedded=settings.EMBEDDED,
                report=self.say,
            )
        except CannotStart as error:
            raise CommandError(str(error)) from None
        if code:
            sys.exit(code)

    def programs(self) -> Sequence[Program]:
        """Return the programs to keep running; how many of each is refused here, before anything has started."""
        for name in ("WEB_PROCESSES", "WORKER_PROCESSES"):
            env_int(name, 2, least=1, most=1_000)
        return programs(host=self.host, port=self.port, env={"DATA_DIR": str(settings.DATA_DIR)})

    def prepare(self) -> None:
        """Bring database and static files up to date."""
        self.say("Checking the database's tables ...")
        call_command("migrate", verbosity=0)
        collect_static(self.say)
        connections.close_all()

    def is_ready(self) -> bool:
        """Return whether the web server can serve."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def announce(self) -> None:
        """Tell where to go."""
        self.say(f"\nReview Queue runs at {self.address} (ready after {time.monotonic() - self._began:.0f} s)")


def collect_static(say: Callable[[str], None]) -> None:
    """Collect and compress static files, unless nothing has changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return
    say("Collecting static files ...")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)


def _static_state() -> str:
    """Return a digest over what static files are made of: our own, and the packages that bring theirs."""
    digest = hashlib.sha256()
    own = [path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*") if path.is_file()]
    for path in sorted([*own, *(settings.BASE_DIR / "requirements").glob("*.txt")]):
        stat = path.stat()
        digest.update(f"{path}:{stat.st_mtime_ns}:{stat.st_size}\n".encode())
    return digest.hexdigest()
