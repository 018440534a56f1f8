"""Add a person to a workspace and print a first password."""

import secrets

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from reviewqueue.accounts.actions import add_member
from reviewqueue.accounts.models import Role, Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.queues.actions import join_queue
from reviewqueue.queues.models import Queue


class Command(BaseCommand):
    """manage.py create_member --workspace SLUG --email EMAIL --role ROLE [--queue SLUG …]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="")
        parser.add_argument("--queue", action="append", default=[], metavar="SLUG")

    def handle(self, *args, **options) -> None:
        password = secrets.token_urlsafe(12)
        try:
            known = _add(options, password)
        except ProductError as error:
            raise CommandError(error.detail) from None
        if known:
            self.stderr.write(f"{options['email']} is known already and keeps the password they have.")
        else:
            self.stdout.write(password)


@transaction.atomic
def _add(options: dict, password: str) -> bool:
    """Add the person; return whether they had an account already."""
    workspace = Workspace.objects.filter(slug=options["workspace"]).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {options['workspace']}.")
    queues = list(Queue.objects.filter(workspace=workspace, slug__in=options["queue"]))
    if missing := sorted(set(options["queue"]) - {queue.slug for queue in queues}):
        raise CommandError(f"There is no queue {', '.join(missing)}.")
    membership = add_member(
        workspace=workspace,
        email=options["email"],
        name=options["name"] or options["email"].partition("@")[0],
        role=options["role"],
        password=password,
        by=SYSTEM,
        now=now(),
    )
    for queue in queues:
        join_queue(queue=queue, user=membership.user, by=SYSTEM, now=now())
    return not membership.user.check_password(password)
