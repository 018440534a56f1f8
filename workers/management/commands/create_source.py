"""Declare an AI system that submits items, and perhaps what its outputs look like."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.common.strictjson import decode, read
from reviewqueue.intake.actions import declare, declare_source
from reviewqueue.intake.models import Source


class Command(BaseCommand):
    """manage.py create_source --workspace SLUG --slug SLUG [--name TEXT] [--labels A,B] [--schema FILE] [--tools F]

    For a source that is there already, the declaration becomes its next version.
    """

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--label", action="append", default=[], help="a label of a classification; again for more"
        )
        parser.add_argument("--labels", default="", metavar="A,B", help="labels of a classification")
        parser.add_argument("--schema", metavar="FILE", help="the JSON Schema of an extraction")
        parser.add_argument(
            "--tools", metavar="FILE", help="an object of tool and JSON Schema of its arguments, or null"
        )

    def handle(self, *args, **options) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        try:
            _declare(workspace, options)
        except ProductError as error:
            raise CommandError("\n".join([error.detail, *_places(error)])) from None
        self.stdout.write(options["slug"])


def _declare(workspace: Workspace, options: dict[str, Any]) -> None:
    declared = {
        "labels": [*options["label"], *(one.strip() for one in options["labels"].split(",") if one.strip())],
        "json_schema": _read(options["schema"]),
        "tools": _read(options["tools"]),
    }
    known = Source.objects.filter(workspace=workspace, slug=options["slug"]).first()
    if known and any(declared.values()):
        declare(source=known, **declared, by=SYSTEM, now=now())
        return
    name = options["name"] or options["slug"]
    declare_source(workspace=workspace, slug=options["slug"], name=name, **declared, by=SYSTEM, now=now())


def _read(path: str | None) -> Any:
    if path is None:
        return None
    try:
        return read(decode(Path(path).read_bytes())).value
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None


def _places(error: ProductError) -> list[str]:
    return [f"  {place.pointer}: {place.detail}" for place in error.places]
