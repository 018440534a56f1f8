"""The verbs of reason codes: what reviewers can point at, in the order of their keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place

from ..models import ReasonCode
from .queues import SLUG

#: More than a reviewer can look through; nine of them have a key.
MOST = 30
LONGEST_LABEL, LONGEST_SLUG = 80, 50


def name_reasons(
    *,
    workspace_id: UUID,
    reasons: Sequence[tuple[str, str]],
    in_languages: Mapping[str, Mapping[str, str]] | None = None,
    now: datetime,
) -> None:
    """Name a new workspace's reason codes as (slug, label), in the order of their keys; known ones stay.

    ``in_languages``: what they are called elsewhere, by language and slug.
    """
    codes = [
        ReasonCode(
            workspace_id=workspace_id,
            slug=slug,
            label=label,
            in_languages={language: words[slug] for language, words in (in_languages or {}).items() if slug in words},
            position=position,
            created_at=now,
        )
        for position, (slug, label) in enumerate(reasons, start=1)
    ]
    ReasonCode.objects.bulk_create(codes, ignore_conflicts=True)


def add_reason(
    *, workspace_id: UUID, slug: str, label: str, in_languages: Mapping[str, str], by: Actor, now: datetime
) -> ReasonCode:
    """Add a reason code after all others; without a slug it gets one made of its label.

    Raises Invalid with every place that is wrong, Conflict when the workspace has one of that slug.
    """
    slug = slug or slugify(label)[:LONGEST_SLUG]
    places = _faults(label, in_languages)
    if label and not SLUG.fullmatch(slug):
        places.append(Place("#/slug", _("Programs call it by letters, digits, - and _, at most 50 of them.")))
    if places:
        raise Invalid(_("This reason cannot be added."), places=places)
    try:
        with transaction.atomic():
            added = ReasonCode.objects.create(
                workspace_id=workspace_id,
                slug=slug,
                label=label,
                in_languages=_written(in_languages),
                position=_last_of(workspace_id) + 1,
                created_at=now,
            )
            _record("create", added, by, now)
    except IntegrityError:
        words = _("There is a reason “%(slug)s” already; it may have been retired.")
        raise Conflict(words % {"slug": slug}) from None
    return added


def change_reason(
    *, reason: ReasonCode, label: str, in_languages: Mapping[str, str], by: Actor, now: datetime
) -> None:
    """Call a reason something else; its slug, which reviews and programs name, stays. Raises Invalid."""
    if places := _faults(label, in_languages):
        raise Invalid(_("This reason cannot be called that."), places=places)
    with transaction.atomic():
        ReasonCode.objects.filter(pk=reason.pk).update(label=label, in_languages=_written(in_languages))
        _record("change", reason, by, now)


def move_reason(*, reason: ReasonCode, up: bool, by: Actor, now: datetime) -> None:
    """Let a reason change places with the one before or after it, and so their keys; at the end nothing changes."""
    with transaction.atomic():
        codes = _in_use(reason.workspace_id)
        here = next((n for n, one in enumerate(codes) if one.pk == reason.pk), None)
        there = None if here is None else here + (-1 if up else 1)
        if here is None or there is None or not 0 <= there < len(codes):
            return
        codes[here], codes[there] = codes[there], codes[here]
        for position, one in enumerate(codes, start=1):
            one.position = position
        ReasonCode.objects.bulk_update(codes, ["position"])
        _record("move", reason, by, now)


def retire_reason(*, reason: ReasonCode, by: Actor, now: datetime) -> None:
    """Offer a reason to reviewers no more; what was reviewed keeps it, and so does a draft that names it."""
    with transaction.atomic():
        if ReasonCode.objects.filter(pk=reason.pk, retired_at=None).update(retired_at=now):
            _record("retire", reason, by, now)


def bring_back_reason(*, reason: ReasonCode, by: Actor, now: datetime) -> None:
    """Offer a retired reason again, after all others. Raises Conflict when there are as many as can be."""
    with transaction.atomic():
        position = _last_of(reason.workspace_id) + 1
        retired = ReasonCode.objects.filter(pk=reason.pk, retired_at__isnull=False)
        if retired.update(retired_at=None, position=position):
            _record("bring_back", reason, by, now)


def _in_use(workspace_id: UUID) -> list[ReasonCode]:
    """Return the codes in their order, held until the transaction ends."""
    codes = ReasonCode.objects.select_for_update(no_key=True).filter(workspace_id=workspace_id, retired_at=None)
    return sorted(codes.order_by("pk"), key=lambda one: (one.position, one.slug))


def _last_of(workspace_id: UUID) -> int:
    """Return the last position. Raises Conflict when there are as many as can be."""
    codes = _in_use(workspace_id)
    if len(codes) >= MOST:
        raise Conflict(_("There are %(n)s reasons, which is as many as can be. Retire one first.") % {"n": MOST})
    return max((one.position for one in codes), default=0)


def _faults(label: str, in_languages: Mapping[str, str]) -> list[Place]:
    places = [] if label else [Place("#/label", _("A reason has a name."))]
    if any(len(words) > LONGEST_LABEL for words in (label, *in_languages.values())):
        places.append(Place("#/label", _("At most 80 characters: it stands on a small button.")))
    return places


def _written(in_languages: Mapping[str, str]) -> dict[str, str]:
    return {language: words for language, words in in_languages.items() if words}


def _record(verb: str, reason: ReasonCode, by: Actor, now: datetime) -> None:
    record(
        workspace_id=reason.workspace_id,
        verb=verb,
        subject=("reason_code", reason.pk),
        by=by,
        at=now,
        data={"slug": reason.slug},
    )
