"""Let stopped work go on, for operators: needs PostgreSQL alone, as `manage.py stop` does."""

from django.core.management.base import BaseCommand, CommandError

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.queues.queries import stops_of

from .stop import add_target, target_of, who


class Command(BaseCommand):
    """manage.py resume --workspace SLUG [--source SLUG | --queue SLUG | --all] [--by EMAIL]

    Ends the stop of just what is named: of a source, of a queue, or of the workspace; --all ends every one.
    """

    help = __doc__

    def add_arguments(self, parser) -> None:
        add_target(parser)
        parser.add_argument("--all", action="store_true", help="end every stop of the workspace")

    def handle(self, *args, **options) -> None:
        workspace, source, queue = target_of(options)
        if options["all"] and (source or queue):
            raise CommandError("--all ends every stop; name no source or queue beside it.")
        actor, user = who(workspace, options["by"])
        slug, queue_id = (source.slug if source else ""), (queue.pk if queue else None)
        running = stops_of(workspace.pk, anew=True).stops
        ending = [one for one in running if options["all"] or (one.source_slug, one.queue_id) == (slug, queue_id)]
        if not ending:
            raise CommandError("That is not stopped.")
        for one in ending:
            try:
                pipeline.end_stop(stop=one, by=actor, person=user, now=now())
            except ProductError as error:
                raise CommandError(error.detail) from None
            self.stdout.write(str(one.pk))
