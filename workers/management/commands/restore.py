"""Bring a backup's database back, all of it or nothing; web, worker and run_due must be stopped."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.common.waking import direct
from workers.dumps import NotDone, database_up, read


class Command(BaseCommand):
    """manage.py restore FILE [--replace]"""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="what manage.py backup wrote")
        parser.add_argument("--replace", action="store_true", help="drop what is in the database now")

    def handle(self, *args, **options) -> None:
        try:
            with database_up():
                read(direct(), options["file"], replace=options["replace"])
        except NotDone as fault:
            raise CommandError(str(fault)) from None
        self.stdout.write("Restored. Run manage.py migrate if the backup is of an older version, then start.")
