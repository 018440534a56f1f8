"""Triage one item that failed twice, in a process of its own (started by the triage task, with limits)."""

from datetime import datetime
from uuid import UUID

from django.core.management.base import BaseCommand

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.triage.actions import MAX_ATTEMPTS, Taken


class Command(BaseCommand):
    """manage.py triage_alone ITEM LEASE"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("item", type=UUID)
        parser.add_argument("lease_until", type=datetime.fromisoformat)

    def handle(self, *args, **options) -> None:
        one = Taken(options["item"], MAX_ATTEMPTS, options["lease_until"])
        pipeline.triage_items(taken=[one], now=now())
