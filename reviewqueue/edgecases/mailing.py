"""Sending the e-mails of the ladder, outside transactions.

An e-mail holds no words of an item or of a person; it says where something waits and since when.
"""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.outbox import message

from .actions import MAILS
from .models import LadderStep


def send_due(*, now: datetime) -> int:
    """Send e-mails that are due; return how many were tried."""
    taken = MAILS.take(now=now)
    steps = LadderStep.objects.select_related("told", "workspace", "escalation__entry__queue")
    found = steps.in_bulk([one.pk for one in taken])
    for one in taken:
        with MAILS.sending(one, at=now):
            _written(found[one.pk]).send()
            failpoint("mail.sent")
    return len(taken)


def _written(step: LadderStep) -> EmailMessage:
    """Return the e-mail in the language of whom it is for."""
    with translation.override(step.told.language):
        return message(
            pk=step.pk,
            to=step.told.email,
            subject=f"{step.workspace.name}: {_subject(step)}",
            paragraphs=[_words(step), *_link(step)],
        )


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
