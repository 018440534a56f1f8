"""Check a deployment and say what is wrong: database, migrations, bell, waiting work, storage, limits."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min

from reviewqueue.common.clock import database_now, now
from reviewqueue.common.environment import env_int
from reviewqueue.delivery.models import Webhook
from reviewqueue.intake.models import Source
from reviewqueue.review.models import DuePublication
from reviewqueue.triage.models import Pending


class Command(BaseCommand):
    """manage.py doctor [--only CHECK …] (ends with 1 when something is wrong)"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--only", action="append", choices=[name for name, _check in CHECKS])

    def handle(self, *args, **options) -> None:
        wrong = 0
        for name, check in CHECKS:
            if options["only"] and name not in options["only"]:
                continue
            fault = _run(check)
            wrong += bool(fault)
            self.stdout.write(f"{'WRONG' if fault else 'ok   '}  {name}{': ' + fault if fault else ''}")
        if wrong:
            raise SystemExit(1)


def _run(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0])
    return "" if version >= 150000 else f"PostgreSQL {version // 10000} is too old; 15 or newer is needed"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied; run manage.py migrate" if missing else ""


def _bell() -> str:
    redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2).ping()
    return ""


def _waiting() -> str:
    return "; ".join(_late())


def _late() -> Iterator[str]:
    for what, oldest in (
        ("triage", Pending.objects.aggregate(at=Min("due_at"))["at"]),
        ("publication", DuePublication.objects.aggregate(at=Min("due_at"))["at"]),
    ):
        if oldest and now() - oldest > timedelta(minutes=2):
            yield f"{what} waits since {_shown(oldest)}; are a worker and run_due running?"


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _webhooks() -> str:
    gone = Webhook.objects.filter(disabled_because=Webhook.Disabled.GONE).count()
    failing = Webhook.objects.filter(disabled_at=None, paused_at=None).exclude(opened_at=None)
    since = failing.aggregate(at=Min("opened_at"))["at"]
    faults = [f"{gone} are disabled: their endpoints said they are gone"] if gone else []
    faults += (
        [f"{failing.count()} fail, the first since {_shown(since)}; Settings, Webhooks says why"] if since else []
    )
    return "; ".join(faults)


def _storage() -> str:
    folder = Path(settings.STORAGE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return "" if os.access(folder, os.W_OK) else f"{folder} cannot be written"


def _limits() -> str:
    return "; ".join(_odd_limits())


def _odd_limits() -> Iterator[str]:
    """Yield limits that work against each other, or that are reached."""
    threads, waiting, pool = env_int("WEB_THREADS", 8), env_int("WEB_WAITING", 256), env_int("DATABASE_POOL", 20)
    if threads > pool:
        yield f"WEB_THREADS is {threads}, but DATABASE_POOL only {pool}: requests wait for a connection and get a 503"
    if waiting < threads:
        yield f"WEB_WAITING is {waiting}, fewer than WEB_THREADS ({threads}): short bursts are refused"
    if not settings.SOURCE_OPEN_ITEMS and Source.objects.filter(open_items_most=None).exists():
        yield "SOURCE_OPEN_ITEMS is 0: a source that misbehaves can fill the reviewers' queues"
    for source in Source.objects.filter(load__isnull=False).select_related("load"):
        most = source.open_items_most or settings.SOURCE_OPEN_ITEMS
        if most and source.load.open_items >= most:
            yield f"the source {source.slug} is at its limit of {most:,} open items; Settings, Limits raises it"


def _clock() -> str:
    apart = abs((now() - database_now()).total_seconds())
    return f"this machine and the database are {apart:.0f} s apart; quotas count by the minute" if apart > 5 else ""


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("database", _database),
    ("migrations", _migrations),
    ("bell (Redis or Valkey)", _bell),
    ("waiting work", _waiting),
    ("webhooks", _webhooks),
    ("storage", _storage),
    ("limits", _limits),
    ("clock", _clock),
)
