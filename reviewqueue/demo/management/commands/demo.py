"""Run the demonstration: the whole product with the workspace Kranich & Moor, fed by its real assistant."""

import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.demo.story import load_story, story_is_loaded
from reviewqueue.demo.story.workspace import PEOPLE
from reviewqueue.runtime import Program
from reviewqueue.starting import Start


class Command(BaseCommand):
    """manage.py demo [--host HOST] [--port PORT] [--rate ITEMS_A_MINUTE]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        Start.add_arguments(parser)
        parser.add_argument("--rate", type=float, default=os.environ.get("DEMO_RATE", "4"))

    def handle(self, *args, **options) -> None:
        start = DemoStart(host=options["host"], port=options["port"], say=self.stdout.write)
        start.rate = options["rate"]
        start.run()


class DemoStart(Start):
    """The ordinary start, with the story before it and the assistant beside it."""

    rate: float = 4

    def __init__(self, *, host: str, port: int, say: Callable[[str], object]) -> None:
        super().__init__(host=host, port=port, say=say)
        self.password = _kept("demo_password", os.environ.get("DEMO_PASSWORD") or secrets.token_hex(6))
        self.key_file = Path(settings.DATA_DIR) / "demo_key"

    def prepare(self) -> None:
        """Load the story once, or the rest of it; make the assistant's key."""
        super().prepare()
        if not story_is_loaded():
            self.say("Loading the story: a calm week at 50 items a day, then the day at 2,000 ...")
            load_story(password=self.password, now=now(), report=self.say)
        if not self.key_file.exists():
            _kept("demo_key", _assistant_key())
        connections.close_all()

    def programs(self) -> Sequence[Program]:
        """Return the product's programs and the assistant, an ordinary client of the API."""
        command = [sys.executable, "-m", "reviewqueue.demo.client", "--url", self.address]
        environment = {"DEMO_KEY_FILE": str(self.key_file), "DEMO_DATA": str(settings.DATA_DIR)}
        return [*super().programs(), Program("assistant", [*command, "--rate", str(self.rate)], environment)]

    def announce(self) -> None:
        """Tell where to go and who may sign in."""
        super().announce()
        self.say(f"\nSign in with the password  {self.password}  as")
        for person in PEOPLE:
            self.say(f"  {person.email:28} {person.name} ({person.role.replace('_', ' ')})")
        self.say("\nBegin as the lead: the board shows the day that breaks, and why. Ctrl-C stops everything.")


def _assistant_key() -> str:
    workspace = Workspace.objects.get(slug="demo")
    scopes = ["items:write", "items:read"]
    _row, secret = create_key(workspace=workspace, name="Demo assistant", scopes=scopes, by=SYSTEM, now=now())
    return secret


def _kept(name: str, value: str) -> str:
    """Keep a value in a file that only its owner reads; the first one stays."""
    path = Path(settings.DATA_DIR) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(value + "\n")
    return path.read_text().strip()
