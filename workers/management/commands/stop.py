"""Stop work at once, for operators: needs PostgreSQL alone, so it works with Valkey, web and workers down."""

import argparse
import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership, User, Workspace
from reviewqueue.audit.actions import SYSTEM, Actor, person
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.models import Source
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.rules import stopped_words


class Command(BaseCommand):
    """manage.py stop --workspace SLUG [--source SLUG | --queue SLUG] --why WHY [--note TEXT] [--by EMAIL]

    Nothing covered is handed out or passes by itself any more; held answers go to their safe side. Items are still
    taken in. Without a source and a queue everything of the workspace is stopped. `manage.py resume` ends it.
    """

    help = __doc__

    def add_arguments(self, parser) -> None:
        add_target(parser)
        parser.add_argument("--why", required=True, choices=Stop.Why.values, help="told to everybody")
        parser.add_argument("--note", default="", help="in your own words, for leads")

    def handle(self, *args, **options) -> None:
        workspace, source, queue = target_of(options)
        actor, user = who(workspace, options["by"])
        note = options["note"] if user else f"{options['note']} ({operator()})".strip()
        try:
            made = pipeline.stop(
                workspace=workspace,
                source=source,
                queue=queue,
                why=Stop.Why(options["why"]),
                note=note,
                by=actor,
                person=user,
                now=now(),
            )
        except ProductError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"{made.pk}  {stopped_words(made)}")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name what is stopped, and who does it."""
    parser.add_argument("--workspace", required=True, metavar="SLUG")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--source", metavar="SLUG")
    which.add_argument("--queue", metavar="SLUG")
    parser.add_argument("--by", metavar="EMAIL", help="who is on record for it; an operator when not given")


def target_of(options: dict[str, Any]) -> tuple[Workspace, Source | None, Queue | None]:
    """Return what the arguments name. Raises CommandError."""
    workspace = Workspace.objects.filter(slug=options["workspace"]).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {options['workspace']}.")
    source = Source.objects.filter(workspace=workspace, slug=options["source"]).first()
    if options["source"] and source is None:
        raise CommandError(f"There is no source {options['source']} in {workspace.slug}.")
    queue = Queue.objects.filter(workspace=workspace, slug=options["queue"]).first()
    if options["queue"] and queue is None:
        raise CommandError(f"There is no queue {options['queue']} in {workspace.slug}.")
    return workspace, source, queue


def who(workspace: Workspace, email: str | None) -> tuple[Actor, User | None]:
    """Return who is on record: a member, or without an address an operator. Raises CommandError."""
    if not email:
        return SYSTEM, None
    members = Membership.objects.filter(workspace=workspace, ended_at=None).select_related("user")
    member = members.filter(user__email=email.strip().lower()).first()
    if member is None:
        raise CommandError(f"Nobody with the address {email} is a member of {workspace.slug}.")
    return person(member.user_id), member.user


def operator() -> str:
    """Return whose account on this machine ran the command."""
    try:
        return f"on the command line, as {getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "on the command line"
