"""Run everything in the foreground: servers (embedded unless DATABASE_URL is set), web, worker, sweeper."""

from django.core.management.base import BaseCommand

from reviewqueue.starting import Start


class Command(BaseCommand):
    """manage.py runstack [--host HOST] [--port PORT]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        Start.add_arguments(parser)

    def handle(self, *args, **options) -> None:
        Start(host=options["host"], port=options["port"], say=self.stdout.write).run()
