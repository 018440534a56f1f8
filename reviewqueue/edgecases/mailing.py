"""Sending the e-mails of the ladder: outside transactions, each a row until it is out.

Who dies between sending and noting that sends it again: better told twice than not at all. An e-mail holds no words
of an item or of a person; it says where something waits and since when.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reviewqueue.common.failpoints import failpoint

from .actions import note_sent, note_unsent, take_mail
from .models import DueMail, LadderStep

log = logging.getLogger(__name__)


def send_due(*, now: datetime) -> int:
    """Send e-mails that are due; return how many were tried."""
    with transaction.atomic():
        taken = take_mail(now=now)
    steps = LadderStep.objects.select_related("told", "workspace", "escalation__entry__queue").in_bulk(
        [one.pk for one in taken]
    )
    for one in taken:
        _send(one, steps[one.pk], now)
    return len(taken)


def _send(mail: DueMail, step: LadderStep, now: datetime) -> None:
    try:
        _written(step).send()
    except Exception as error:  # whatever the mail server says, the next try is a row
        log.warning("an e-mail was not sent", extra={"step": str(step.pk), "error": type(error).__name__})
        note_unsent(mail=mail, error=type(error).__name__, at=now)
    else:
        failpoint("mail.sent")
        note_sent(mail=mail, at=now)


def _written(step: LadderStep) -> EmailMessage:
    """Return the e-mail in the language of whom it is for."""
    with translation.override(step.told.language):
        subject, words = _subject(step), _words(step)
        return EmailMessage(
            subject=f"{step.workspace.name}: {subject}",
            body="\n\n".join([words, *_link(step)]) + "\n",
            to=[step.told.email],
            headers={"Message-ID": f"<{step.pk}@{_host()}>"},
            connection=get_connection(),
        )


def _host() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"


def _subject(step: LadderStep) -> str:
    if step.escalation_id:
        return _("a question to the leads waits")
    return _("an edge case waits for its ruling")


def _words(step: LadderStep) -> str:
    since = timezone.localtime(step.since_at).strftime("%Y-%m-%d %H:%M %Z")
    words = {
        LadderStep.Why.UNOWNED: _("Nobody answers for it, and it waits since %(since)s."),
        LadderStep.Why.UNANSWERED: _("It waits for an answer since %(since)s."),
        LadderStep.Why.OVERDUE: _("Its ruling was due at %(since)s."),
    }
    said = words[LadderStep.Why(step.why)] % {"since": since}
    if step.escalation:
        return (
            _("An item of the queue %(queue)s was escalated.") % {"queue": step.escalation.entry.queue.name}
            + " "
            + said
        )
    return said


def _link(step: LadderStep) -> list[str]:
    if not settings.PUBLIC_URL:
        return []
    place = f"edge-cases/{step.case_id}/" if step.case_id else "my-queue/#escalations"
    return [f"{settings.PUBLIC_URL}/{place}"]
