"""E-mails of which each is a row until it is out: taken for a while, tried again, and given up in the end.

The row is its app's own: ``due_at``, ``attempts``, ``last_error``, ``sent_at``, ``given_up_at``. Who dies between
sending and noting that sends it again: better told twice than not at all.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Model

LEASE = timedelta(minutes=2)
TAKE = 20
GIVE_UP_AFTER = 8

log = logging.getLogger(__name__)
Mail = TypeVar("Mail", bound=Model)


class Outbox(Generic[Mail]):
    """The e-mails of one table."""

    def __init__(self, model: type[Mail]) -> None:
        self._rows = model._base_manager

    def take(self, *, now: datetime) -> list[Mail]:
        """Take e-mails that are due, each for a while: whoever dies with them leaves them to the next."""
        with transaction.atomic():
            due = self._rows.filter(due_at__lte=now, sent_at=None, given_up_at=None).order_by("due_at")
            taken = list(due.select_for_update(skip_locked=True, of=("self",))[:TAKE])
            for one in taken:
                _put_off(one, now)
            self._rows.bulk_update(taken, ["attempts", "due_at"])
        return taken

    @contextmanager
    def sending(self, mail: Mail, *, at: datetime) -> Iterator[None]:
        """Note that an e-mail is out, or why it is not: it is tried again, and given up in the end."""
        row: Any = mail
        try:
            yield
        except Exception as error:  # whatever the mail server says, the next try is a row
            name = type(error).__name__
            log.warning("an e-mail was not sent", extra={"mail": str(mail.pk), "error": name})
            given_up_at = at if row.attempts >= GIVE_UP_AFTER else None
            self._rows.filter(pk=mail.pk).update(last_error=name[:80], given_up_at=given_up_at)
        else:
            self._rows.filter(pk=mail.pk).update(sent_at=at, last_error="")


def _put_off(row: Any, now: datetime) -> None:
    row.attempts += 1
    row.due_at = now + LEASE * 2 ** min(row.attempts - 1, 8)


def message(*, pk: UUID, to: str, subject: str, paragraphs: Sequence[str]) -> EmailMessage:
    """Return a row's e-mail: its Message-ID says that it is one, however often it goes out."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"
    return EmailMessage(
        subject=subject,
        body="\n\n".join(paragraphs) + "\n",
        to=[to],
        headers={"Message-ID": f"<{pk}@{host}>"},
        connection=get_connection(),
    )
