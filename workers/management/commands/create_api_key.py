"""Create an API key and print it, alone, on standard output; it is never shown again."""

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import ApiKey, User, Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.models import Source


class Command(BaseCommand):
    """manage.py create_api_key --workspace SLUG --name TEXT --scope SCOPE … [--source SLUG] [--user EMAIL]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scope", action="append", required=True, choices=ApiKey.Scope.values)
        parser.add_argument("--source", default="", metavar="SLUG", help="the key reaches this source only")
        parser.add_argument("--user", default="", metavar="EMAIL", help="the key acts as this person")

    def handle(self, *args, **options) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        try:
            _row, secret = create_key(
                workspace=workspace,
                name=options["name"],
                scopes=options["scope"],
                source_slug=_source(workspace, options["source"]),
                user=_person(options["user"]),
                by=SYSTEM,
                now=now(),
            )
        except ProductError as error:
            raise CommandError(" ".join([error.detail, *(place.detail for place in error.places)])) from None
        self.stdout.write(secret)


def _source(workspace: Workspace, slug: str) -> str:
    if slug and not Source.objects.filter(workspace=workspace, slug=slug).exists():
        raise CommandError(f"There is no source {slug} in {workspace.slug}.")
    return slug


def _person(email: str) -> User | None:
    if not email:
        return None
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {email}.")
    return user
