"""For stories that begin without a policy, or with another than the cast's: PostgreSQL keeps those in force."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from reviewqueue.accounts.models import Workspace
from reviewqueue.triage.models import RoutingPolicy, RoutingRule

TABLES = ("triage_routingrule", "triage_routingpolicy")


@contextmanager
def editable() -> Iterator[None]:
    """Let policies in force be edited."""
    _sql("SET CONSTRAINTS ALL IMMEDIATE", *(f"ALTER TABLE {one} DISABLE TRIGGER USER" for one in TABLES))
    yield
    _sql("SET CONSTRAINTS ALL IMMEDIATE", *(f"ALTER TABLE {one} ENABLE TRIGGER USER" for one in TABLES))
    _sql("SET CONSTRAINTS ALL DEFERRED")


def without_policy(workspace: Workspace) -> None:
    """Take a workspace's policies away."""
    with editable():
        RoutingRule.objects.filter(workspace=workspace).delete()
        RoutingPolicy.objects.filter(workspace=workspace).delete()


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for one in statements:
            cursor.execute(one)
