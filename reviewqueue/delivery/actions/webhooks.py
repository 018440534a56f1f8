"""Keeping webhooks: who is told, of what, with which secret; paused, changed, and disabled for good."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.intake.models import Source

from ..addresses import check_before_saving
from ..models import Webhook
from ..rules import EVENTS, SETTLED, SUPERSEDED
from .sending import leave_alone

#: How long the old secret signs beside the new one.
OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=7)


class Disabled(Conflict):
    """This webhook is disabled for good; add the address again instead."""

    slug = "webhook-disabled"


def add_webhook(
    *,
    workspace_id: UUID,
    url: str,
    by: User | None,
    actor: Actor,
    now: datetime,
    events: Sequence[str] = (SETTLED, SUPERSEDED),
    source: Source | None = None,
) -> Webhook:
    """Register an address; its secret (whsec_…) is shown once by the caller. Raises AddressRefused or Invalid."""
    check_before_saving(url)
    with transaction.atomic():
        webhook = Webhook.objects.create(
            workspace_id=workspace_id,
            url=url,
            secret=_new_secret(),
            events=_checked(events),
            source=source,
            created_at=now,
            created_by=by,
        )
        _tell(webhook, "create", actor, now, events=webhook.events)
    return webhook


def change_webhook(
    *, webhook: Webhook, url: str, events: Sequence[str], source: Source | None, actor: Actor, now: datetime
) -> None:
    """Change where, of what and of whom a webhook is told from now on. Raises AddressRefused, Invalid or Disabled.

    What waits already goes to the new address; another address begins with a closed circuit.
    """
    if url != webhook.url:
        check_before_saving(url)
    changed: dict[str, Any] = {"url": url, "events": _checked(events), "source": source}
    if url != webhook.url:
        changed |= {"failures": 0, "opened_at": None, "quiet_until": None}
    with transaction.atomic():
        _update(webhook, changed)
        _tell(webhook, "change", actor, now, events=list(changed["events"]))
        ring("deliver", webhook.workspace_id)


def rotate_secret(*, webhook: Webhook, actor: Actor, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """Return a new secret, shown once by the caller; messages carry both signatures until the overlap ends.

    Raises Disabled, or Invalid for an overlap that is negative or longer than a week.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"The old secret can sign on for at most {LONGEST_OVERLAP.days} days.")
    fresh = _new_secret()
    with transaction.atomic():
        held = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        old = {"old_secret": held.secret, "old_secret_ends_at": now + overlap}
        _update(webhook, {"secret": fresh, **old, "rotated_at": now})
        _tell(webhook, "rotate", actor, now, overlap_seconds=int(overlap.total_seconds()))
    return fresh


def pause_webhook(*, webhook: Webhook, by: User | None, actor: Actor, now: datetime) -> None:
    """Send nothing until it is resumed; messages wait. Raises Disabled or Conflict."""
    if webhook.paused_at:
        raise Conflict("This webhook is paused already.")
    with transaction.atomic():
        _update(webhook, {"paused_at": now, "paused_by": by})
        _tell(webhook, "pause", actor, now)


def resume_webhook(*, webhook: Webhook, actor: Actor, now: datetime) -> None:
    """Send again, at once and with a closed circuit. Raises Disabled or Conflict."""
    if not webhook.paused_at:
        raise Conflict("This webhook is not paused.")
    with transaction.atomic():
        _update(
            webhook, {"paused_at": None, "paused_by": None, "failures": 0, "opened_at": None, "quiet_until": None}
        )
        _tell(webhook, "resume", actor, now)
        ring("deliver", webhook.workspace_id)


def delete_webhook(*, webhook: Webhook, by: User | None, actor: Actor, now: datetime) -> None:
    """Disable a webhook for good; what waits for it is given up, its log stays. Raises Disabled."""
    with transaction.atomic():
        _update(webhook, {"disabled_by": by})
        leave_alone(webhook_id=webhook.pk, because=Webhook.Disabled.DELETED, now=now)
        _tell(webhook, "delete", actor, now)


def _checked(events: Sequence[str]) -> list[str]:
    wrong = [one for one in events if one not in EVENTS]
    if wrong or not events:
        detail = f"Choose at least one of {', '.join(EVENTS)}."
        raise Invalid(detail, places=[Place("#/events", detail)])
    return [one for one in EVENTS if one in events]


def _update(webhook: Webhook, changed: dict[str, Any]) -> None:
    """Change a webhook that is in use, in the database and as it was handed in. Raises Disabled."""
    if not Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(**changed):
        raise Disabled
    for name, value in changed.items():
        setattr(webhook, name, value)


def _tell(webhook: Webhook, verb: str, actor: Actor, now: datetime, **data: Any) -> None:
    record(
        workspace_id=webhook.workspace_id,
        verb=verb,
        subject=("webhook", webhook.pk),
        by=actor,
        at=now,
        data=data,
    )


def _new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()
