"""Make a release of a dataset now, in this process, and print the folder that holds it."""

from django.core.management.base import BaseCommand, CommandError

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.datasets.actions import build, folder_of, request_release, take_due
from reviewqueue.datasets.models import Dataset, Release


class Command(BaseCommand):
    """manage.py export_release --workspace SLUG --dataset SLUG"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--dataset", required=True, metavar="SLUG")

    def handle(self, *args, **options) -> None:
        dataset = Dataset.objects.filter(workspace__slug=options["workspace"], slug=options["dataset"]).first()
        if dataset is None:
            raise CommandError(f"There is no dataset {options['dataset']} in {options['workspace']}.")
        try:
            release = request_release(dataset=dataset, by=None, actor=SYSTEM, now=now())
        except ProductError as error:
            raise CommandError(error.detail) from None
        while due := take_due(now=now()):
            build(release=due, now=now())
        built = Release.objects.select_related("dataset").get(pk=release.pk)
        self.stdout.write(str(folder_of(built)))
