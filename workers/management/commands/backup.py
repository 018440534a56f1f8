"""Write the whole database into one file, while everything runs or nothing does."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.common.waking import direct
from workers.dumps import NotDone, database_up, write


class Command(BaseCommand):
    """manage.py backup FILE

    Beside it keep SECRET_KEY, and STORAGE_DIR if release files matter.
    """

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="a new file; its owner alone can read it")

    def handle(self, *args, **options) -> None:
        file: Path = options["file"]
        try:
            with database_up():
                write(direct(), file)
        except NotDone as fault:
            raise CommandError(str(fault)) from None
        self.stdout.write(f"{file} ({file.stat().st_size / 1024 / 1024:.1f} MiB)")
