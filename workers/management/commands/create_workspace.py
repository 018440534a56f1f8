"""Create a workspace that can be used at once: a queue, reason codes, a first policy, a source, an admin."""

import secrets

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from reviewqueue.accounts.actions import add_member, create_workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.actions import declare_source
from reviewqueue.queues.actions import create_queue, name_reasons
from reviewqueue.triage.actions import activate_policy

REASONS = [
    ("wrong-fact", "wrong fact"),
    ("outdated-source", "outdated source"),
    ("missing-step", "missing step"),
    ("wrong-amount", "wrong amount"),
    ("tone", "tone"),
    ("off-policy", "off policy"),
    ("language", "language"),
    ("unsafe", "unsafe"),
]


class Command(BaseCommand):
    """manage.py create_workspace --slug acme --name "Acme" --admin admin@acme.example --source support-chatbot"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--slug", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--admin", required=True, metavar="EMAIL")
        parser.add_argument("--source", required=True, metavar="SLUG")
        parser.add_argument("--label", action="append", default=[], help="a label of a classification source")

    def handle(self, *args, **options) -> None:
        password = secrets.token_urlsafe(12)
        try:
            _create(options, password)
        except ProductError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(password)
        self.stderr.write(f"{options['admin']} signs in with the password above (shown once).")


@transaction.atomic
def _create(options: dict, password: str) -> None:
    at = now()
    workspace = create_workspace(slug=options["slug"], name=options["name"], now=at)
    queue = create_queue(workspace_id=workspace.pk, slug="support", name="Support", by=SYSTEM, now=at)
    name_reasons(workspace_id=workspace.pk, reasons=REASONS, now=at)
    declare_source(
        workspace=workspace,
        slug=options["source"],
        name=options["source"],
        labels=options["label"],
        by=SYSTEM,
        now=at,
    )
    unsure = {"field": "confidence", "op": "below", "value": 0.6}
    risky = {"field": "risk_level", "op": "is", "value": "high"}
    activate_policy(
        workspace_id=workspace.pk,
        rules=[
            {"name": "High risk", "conditions": [risky], "queue": queue, "urgency": "high"},
            {"name": "Unsure", "conditions": [unsure], "queue": queue},
        ],
        audit_rate=0.05,
        audit_queue=queue,
        by=None,
        actor=SYSTEM,
        now=at,
    )
    add_member(
        workspace=workspace,
        email=options["admin"],
        name=options["admin"].partition("@")[0],
        role="admin",
        password=password,
        by=SYSTEM,
        now=at,
    )
