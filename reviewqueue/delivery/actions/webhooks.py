"""Keeping webhooks: who is told, of what, and with which secret."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.intake.models import Source

from ..models import Webhook
from ..rules import SETTLED, SUPERSEDED


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
    """Register an address; its secret (whsec_…) is shown once by the caller."""
    with transaction.atomic():
        webhook = Webhook.objects.create(
            workspace_id=workspace_id,
            url=url,
            secret=_new_secret(),
            events=list(events),
            source=source,
            created_at=now,
            created_by=by,
        )
        record(workspace_id=workspace_id, verb="create", subject=("webhook", webhook.pk), by=actor, at=now)
    return webhook


def _new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()
