"""The verbs of programs: keys, what was counted of their quotas, and what they asked for once."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.common.parts import write

from ..models import ApiKey, AskedOnce, Membership, QuotaUse, User, Workspace
from ..rules import digest_of

FORGOTTEN_AT_ONCE = 5_000
MOST_A_MINUTE = 1_000_000_000


def create_key(
    *,
    workspace: Workspace,
    name: str,
    scopes: Sequence[str],
    by: Actor,
    now: datetime,
    source_slug: str = "",
    user: User | None = None,
    created_by: User | None = None,
) -> tuple[ApiKey, str]:
    """Create a key; the second value is the key itself, which is never shown again. Raises Invalid."""
    unknown = sorted(set(scopes) - set(ApiKey.Scope.values))
    if unknown or not scopes:
        known = ", ".join(ApiKey.Scope.values)
        raise Invalid("A scope is not known.", places=[Place("#/scopes", f"Known scopes are {known}.")])
    if user and not Membership.objects.filter(workspace=workspace, user=user, ended_at=None).exists():
        raise Invalid("The person is no member.", places=[Place("#/user", "Not a member of this workspace.")])
    secret = "rq_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiKey.objects.create(
            workspace=workspace,
            name=name,
            prefix=secret[:8],
            digest=digest_of(secret),
            scopes=sorted(set(scopes)),
            source_slug=source_slug,
            user=user,
            created_at=now,
            created_by=created_by,
        )
        record(workspace_id=workspace.pk, verb="create", subject=("key", row.pk), by=by, at=now)
    return row, secret


def revoke_key(*, api_key: ApiKey, by: User, actor: Actor, now: datetime) -> None:
    """Make a key useless from this moment."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=now, revoked_by=by):
            raise Conflict("This key is revoked already.")
        record(workspace_id=api_key.workspace_id, verb="revoke", subject=("key", api_key.pk), by=actor, at=now)


def limit_key(*, api_key: ApiKey, requests_per_minute: int | None, by: Actor, now: datetime) -> None:
    """Set how many requests a minute a key may send; None for as many as the settings say. Raises Invalid."""
    if requests_per_minute is not None and not 1 <= requests_per_minute <= MOST_A_MINUTE:
        places = [Place("#/requests_per_minute", f"From 1 to {MOST_A_MINUTE:,}.")]
        raise Invalid("This is no quota.", places=places)
    with transaction.atomic():
        ApiKey.objects.filter(pk=api_key.pk).update(requests_per_minute=requests_per_minute)
        record(
            workspace_id=api_key.workspace_id,
            verb="limit",
            subject=("key", api_key.pk),
            by=by,
            at=now,
            data={"requests_per_minute": requests_per_minute},
        )


_TELL = """
INSERT INTO accounts_quotause (whose, workspace_id, minute, used, process)
SELECT whose, workspace_id, minute, used, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::int[]) AS t (whose, workspace_id, minute, used)
ON CONFLICT (whose, minute, process) DO UPDATE SET used = EXCLUDED.used
"""


def tell_use(*, process: UUID, used: Sequence[tuple[UUID, UUID, int, int]]) -> None:
    """Tell other processes what this one has counted: (whose quota, workspace, minute, how much)."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [process, *map(list, zip(*used, strict=True))])


def forget_use(*, before_minute: int) -> None:
    """Drop counts of minutes that are over."""
    QuotaUse.objects.filter(minute__lt=before_minute).delete()


def take_idempotency_key(*, viewer_key: UUID, idempotency_key: str) -> bool:
    """Hold a program's idempotency key to the end of the present transaction; False when another request holds it.

    PostgreSQL lets it go with the transaction, however that ends: a process that dies blocks nothing.
    """
    with connection.cursor() as cursor:
        name = f"once:{viewer_key}:{idempotency_key}"
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


# With every request that has an Idempotency-Key: planned once for each connection.
_KEEP = """
INSERT INTO accounts_askedonce (id, workspace_id, key_id, idempotency_key, request_hash, made_id, status, headers,
                                body, item_ids, created_at)
VALUES (%(id)s::uuid, %(workspace_id)s::uuid, %(key_id)s::uuid, %(idempotency_key)s::varchar,
        %(request_hash)s::bytea, %(made_id)s::uuid, %(status)s::smallint, %(headers)s::jsonb,
        %(body)s::text, %(item_ids)s::uuid[], %(created_at)s::timestamptz)
"""
_KEPT = (
    "id", "workspace_id", "key_id", "idempotency_key", "request_hash", "made_id", "status", "body", "item_ids",
    "created_at",
)  # fmt: skip


def keep_answer(*, asked: AskedOnce) -> None:
    """Keep what a request was answered, in the transaction of what it did."""
    given = {name: getattr(asked, name) for name in _KEPT}
    write(_KEEP, given | {"headers": json.dumps(asked.headers)})


def redact_answers(*, item_ids: Sequence[UUID], now: datetime) -> int:
    """Empty every kept answer that names one of these items; return how many."""
    named = AskedOnce.objects.filter(item_ids__overlap=list(item_ids), redacted_at=None)
    return named.update(body="", headers={}, redacted_at=now)


def forget_asked(*, before: datetime) -> None:
    """Drop answers whose time is over, in portions that hold nobody up."""
    old = AskedOnce.objects.filter(created_at__lt=before)
    while old.filter(pk__in=old.order_by("created_at").values("pk")[:FORGOTTEN_AT_ONCE]).delete()[0]:
        pass
