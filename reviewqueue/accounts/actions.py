"""The verbs that make workspaces, members and keys, and that slow down guessing."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from reviewqueue.audit.actions import SYSTEM, Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place, ProductError

from .models import ApiKey, AskedOnce, Membership, QuotaUse, Role, SignInFailure, User, Workspace

THROTTLE_WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_EMAIL = 8
MAX_FAILURES_PER_ADDRESS = 40
FORGOTTEN_AT_ONCE = 5_000
MOST_A_MINUTE = 1_000_000_000


class TooManyTries(ProductError):
    """Too many wrong passwords: please wait a quarter of an hour, or ask an admin for a new password."""

    status = 429
    slug = "too-many-tries"


class WrongPassword(ProductError):
    """This e-mail address and password do not belong together."""

    status = 401
    slug = "wrong-password"


class FirstPassword(Conflict):
    """This person still has the first password that somebody gave them; they must change it before they can join."""

    slug = "first-password"


def create_workspace(*, slug: str, name: str, now: datetime) -> Workspace:
    """Create a workspace with a secret of its own. Raises Conflict when the slug is taken."""
    if Workspace.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a workspace {slug} already.")
    with transaction.atomic():
        workspace = Workspace.objects.create(slug=slug, name=name, secret=secrets.token_bytes(32), created_at=now)
        record(workspace_id=workspace.pk, verb="create", subject=("workspace", workspace.pk), by=SYSTEM, at=now)
    return workspace


def add_member(
    *, workspace: Workspace, email: str, name: str, role: str, password: str | None, by: Actor, now: datetime
) -> Membership:
    """Make a person a member; a new person gets the password, one who is known elsewhere keeps theirs.

    Raises Invalid for an unknown role, Conflict when they are a member already, or when somebody of another
    workspace may still know their password.
    """
    if role not in Role.values:
        raise Invalid("This role is not known.", places=[Place("#/role", f"One of {', '.join(Role.values)}.")])
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower()).first()
        if user and user.password_changed_at is None and user.memberships.exclude(workspace=workspace).exists():
            raise FirstPassword
        user = user or User.objects.create_user(email, password, name=name)
        if Membership.objects.filter(workspace=workspace, user=user, ended_at=None).exists():
            raise Conflict(f"{email} is a member already.")
        membership = Membership.objects.create(workspace=workspace, user=user, role=role, created_at=now)
        record(
            workspace_id=workspace.pk,
            verb="join",
            subject=("user", user.pk),
            by=by,
            at=now,
            data={"role": role},
        )
    return membership


def end_membership(*, membership: Membership, by: User, actor: Actor, now: datetime) -> None:
    """End a person's membership; what they did stays on record."""
    with transaction.atomic():
        if not Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now, ended_by=by):
            raise Conflict("This membership has ended already.")
        record(
            workspace_id=membership.workspace_id,
            verb="leave",
            subject=("user", membership.user_id),
            by=actor,
            at=now,
        )


def digest_of(secret: str) -> bytes:
    """Return what is stored of a key: its SHA-256 (keys are long and random, so no slow hash is needed)."""
    return hashlib.sha256(secret.encode()).digest()


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


def check_password(*, email: str, password: str, address: str | None, now: datetime) -> User:
    """Return the person whose password fits. Raises WrongPassword, or TooManyTries after repeated failures."""
    digest = digest_of(email.strip().lower())
    recent = SignInFailure.objects.filter(at__gt=now - THROTTLE_WINDOW)
    if recent.filter(email_digest=digest).count() >= MAX_FAILURES_PER_EMAIL:
        raise TooManyTries
    if address and recent.filter(address=address).count() >= MAX_FAILURES_PER_ADDRESS:
        raise TooManyTries
    # PostgreSQL holds no U+0000, so no address has one
    user = None if "\0" in email else authenticate(username=email.strip().lower(), password=password)
    if not isinstance(user, User):
        SignInFailure.objects.create(email_digest=digest, address=address, at=now)
        raise WrongPassword
    return user


def prefer(*, user: User, language: str, time_zone: str) -> None:
    """Keep how a person wants to be spoken to."""
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])


def change_password(*, user: User, current: str, new: str, now: datetime) -> None:
    """Give a person a password that only they know. Raises Invalid with the place of what is wrong."""
    if not user.check_password(current):
        raise Invalid("The present password is wrong.", places=[Place("#/current", "This is not your password.")])
    try:
        validate_password(new, user)
    except ValidationError as error:
        places = [Place("#/new", message) for message in error.messages]
        raise Invalid("The new password is too easy to guess.", places=places) from None
    user.set_password(new)
    user.password_changed_at = now
    user.save(update_fields=["password", "password_changed_at"])


def forget_failures(*, before: datetime) -> None:
    """Drop wrong passwords that no longer count."""
    SignInFailure.objects.filter(at__lt=before).delete()


def take_idempotency_key(*, viewer_key: UUID, idempotency_key: str) -> bool:
    """Hold a program's idempotency key to the end of the present transaction; False when another request holds it.

    PostgreSQL lets it go with the transaction, however that ends: a process that dies blocks nothing.
    """
    with connection.cursor() as cursor:
        name = f"once:{viewer_key}:{idempotency_key}"
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def keep_answer(*, asked: AskedOnce) -> None:
    """Keep what a request was answered, in the transaction of what it did."""
    asked.save(force_insert=True)


def redact_answers(*, item_ids: Sequence[UUID], now: datetime) -> int:
    """Empty every kept answer that names one of these items; return how many."""
    named = AskedOnce.objects.filter(item_ids__overlap=list(item_ids), redacted_at=None)
    return named.update(body="", headers={}, redacted_at=now)


def forget_asked(*, before: datetime) -> None:
    """Drop answers whose time is over, in portions that hold nobody up."""
    old = AskedOnce.objects.filter(created_at__lt=before)
    while old.filter(pk__in=old.order_by("created_at").values("pk")[:FORGOTTEN_AT_ONCE]).delete()[0]:
        pass
