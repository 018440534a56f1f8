"""Declare an AI system that submits items; a classification source names its labels."""

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.actions import declare_source


class Command(BaseCommand):
    """manage.py create_source --workspace SLUG --slug SLUG [--name TEXT] [--label LABEL …]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--label", action="append", default=[])

    def handle(self, *args, **options) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        name, labels = options["name"] or options["slug"], options["label"]
        try:
            declare_source(workspace=workspace, slug=options["slug"], name=name, labels=labels, by=SYSTEM, now=now())
        except ProductError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(options["slug"])
