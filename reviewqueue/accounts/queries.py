"""Reading people and keys."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from reviewqueue.common.errors import ProductError

from .access import Viewer
from .models import ApiKey, AskedOnce, ClosedDay, Membership, QuotaUse, Shift, Team, User, Workspace
from .rules import digest_of
from .working_time import Calendar, Stretch


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return a person's open memberships, oldest first."""
    return (
        Membership.objects.filter(user=user, ended_at=None).select_related("workspace", "user").order_by("created_at")
    )


def only_workspace() -> Workspace | None:
    """Return the workspace when there is one alone: its name then greets whoever signs in."""
    found = Workspace.objects.all()[:2]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1_000)
def workspace_of(workspace_id: UUID) -> Workspace:
    """Return a workspace. Kept for the life of the process: its id, slug and secret never change."""
    return Workspace.objects.get(pk=workspace_id)


def languages_of(workspace_id: UUID) -> list[str]:
    """Return the languages that the workspace's people use, most used first, then those of its teams."""
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None, user__deactivated_at=None)
    used = members.values("user__language").annotate(n=Count("pk")).order_by("-n", "user__language")
    teams = Team.objects.filter(workspace_id=workspace_id, ended_at=None).order_by("language")
    spoken = [one.partition("-")[0] for one in teams.values_list("language", flat=True) if one]
    return list(dict.fromkeys([*(one["user__language"] for one in used), *spoken]))


def skills_known(workspace_id: UUID) -> set[str]:
    """Return every skill that a member has."""
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None)
    return {skill for skills in members.values_list("skills", flat=True) for skill in skills}


def members_visible_to(viewer: Viewer) -> QuerySet[Membership]:
    """Return the workspace's members, for those who may see people."""
    members = Membership.objects.filter(workspace_id=viewer.workspace_id, ended_at=None).select_related("user")
    members = members.order_by("user__name")
    return members if viewer.may("see_people") or viewer.may("administer") else members.filter(user=viewer.user)


def colleagues_of(viewer: Viewer) -> QuerySet[Membership]:
    """Return the workspace's members by name: whom any member may hand something to."""
    members = Membership.objects.filter(workspace_id=viewer.workspace_id, ended_at=None).select_related("user")
    return members.order_by("user__name")


def keys_visible_to(viewer: Viewer) -> QuerySet[ApiKey]:
    """Return the workspace's keys, for those who administer it."""
    keys = ApiKey.objects.filter(workspace_id=viewer.workspace_id).select_related("user", "created_by")
    return keys.order_by("-created_at") if viewer.may("administer") else keys.none()


# A key with the person that it acts as: every request of every program begins here, so it is one plain statement.
_KEY = """
SELECT k.id, k.workspace_id, k.user_id, k.scopes, k.source_slug, u.id, {columns}
FROM accounts_apikey k
LEFT JOIN accounts_membership m ON m.workspace_id = k.workspace_id AND m.user_id = k.user_id AND m.ended_at IS NULL
LEFT JOIN accounts_user u ON u.id = m.user_id AND u.deactivated_at IS NULL
WHERE k.digest = %s AND k.revoked_at IS NULL
"""


@cache
def _key_statement() -> str:
    tables = (("m", Membership), ("u", User))
    columns = [f"{table}.{column.column}" for table, model in tables for column in model._meta.concrete_fields]
    return _KEY.format(columns=", ".join(columns))


class KeyGone(ProductError):
    """A valid API key is required."""

    status = 401
    slug = "no-key"


#: Whether a key that acts as nobody still holds, as a condition of another statement's (parameter ``key``).
KEY_HOLDS = "EXISTS (SELECT FROM accounts_apikey WHERE id = %(key)s::uuid AND revoked_at IS NULL)"


def require_key(key_id: UUID) -> None:
    """Raise KeyGone unless a key that acts as nobody still holds."""
    if not ApiKey.objects.filter(pk=key_id, revoked_at=None).exists():
        _remembered.clear()
        raise KeyGone


# Nothing of a key ever changes but that it is revoked, so what it lets in may be remembered by those that prove, in
# the statement that does their work, that it still holds.
MOST_REMEMBERED = 1_000
_remembered: dict[bytes, Viewer] = {}


def remembered_viewer(secret: str) -> Viewer | None:
    """Return the viewer of a key seen before, without asking whether the key still holds (``remembered`` is set).

    Whoever uses this must store nothing, and say nothing but KeyGone, when the key no longer holds (KEY_HOLDS,
    :func:`require_key`). Keys that act as a person are not remembered: a role can change.
    """
    digest = digest_of(secret)
    known = _remembered.get(digest)
    if known is None:
        viewer = viewer_with_key(secret)
        if viewer is not None and viewer.user is None:
            if len(_remembered) >= MOST_REMEMBERED:
                _remembered.clear()
            _remembered[digest] = replace(viewer, remembered=True)
        return viewer
    return known


def viewer_with_key(secret: str) -> Viewer | None:
    """Return the viewer that a key lets in, or None for an unknown or revoked one.

    A key that acts as a person is worth nothing once that person's membership has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(_key_statement(), [digest_of(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, workspace_id, user_id, scopes, source_slug, active_id, *person = row
    if user_id and active_id is None:
        return None
    membership = _membership(person) if user_id else None
    return Viewer(
        workspace_id=workspace_id,
        user=membership.user if membership else None,
        role=membership.role if membership else "",
        scopes=frozenset(scopes),
        key_id=key_id,
        source_slug=source_slug,
        membership=membership,
    )


def _membership(columns: Sequence[Any]) -> Membership:
    """Return the membership, with its person, that the statement of keys has read."""
    names = [column.attname for column in Membership._meta.concrete_fields]
    membership = Membership.from_db(connection.alias, names, columns[: len(names)])
    theirs = [column.attname for column in User._meta.concrete_fields]
    membership.user = User.from_db(connection.alias, theirs, columns[len(names) :])
    return membership


_ASKED = "SELECT * FROM accounts_askedonce WHERE key_id = %s AND idempotency_key = %s"


def asked_before(*, viewer_key: UUID, idempotency_key: str) -> AskedOnce | None:
    """Return what a program asked for under this idempotency key and was answered, if it did."""
    return next(iter(AskedOnce.objects.raw(_ASKED, [viewer_key, idempotency_key])), None)


def quotas_of_keys() -> dict[UUID, int]:
    """Return the requests a minute of every key that has a quota of its own."""
    keys = ApiKey.objects.filter(requests_per_minute__isnull=False, revoked_at=None)
    return {pk: size for pk, size in keys.values_list("pk", "requests_per_minute") if size is not None}


def use_by_others(*, process: UUID, whose: Sequence[UUID], since_minute: int) -> dict[tuple[UUID, int], int]:
    """Return what other processes have counted of these quotas, by (whose, minute)."""
    rows = QuotaUse.objects.filter(whose__in=whose, minute__gte=since_minute).exclude(process=process)
    sums = rows.values("whose", "minute").annotate(sum=Sum("used"))
    return {(one["whose"], one["minute"]): one["sum"] for one in sums}


def use_last_minute(*, workspace_id: UUID, minute: int) -> dict[UUID, int]:
    """Return what all processes together counted of each quota in the minute before this one."""
    rows = QuotaUse.objects.filter(workspace_id=workspace_id, minute=minute - 1)
    return dict(rows.values("whose").annotate(sum=Sum("used")).values_list("whose", "sum"))


def calendar_of(team_id: UUID) -> Calendar:
    """Return a team's week. One without shifts is open around the clock. Raises Team.DoesNotExist."""
    shifts = Shift.objects.filter(team_id=team_id).order_by("weekday", "begins", "ends")
    closed = ClosedDay.objects.filter(team_id=team_id).values_list("day", flat=True)
    return Calendar(
        time_zone=Team.objects.values_list("time_zone", flat=True).get(pk=team_id),
        shifts=tuple(Stretch(one.weekday, one.begins, one.ends, one.people) for one in shifts),
        closed=frozenset(closed),
    )
