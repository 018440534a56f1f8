"""Sending the e-mails of an overload plan, outside transactions. An e-mail holds no words of an item."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.outbox import message

from .actions.overload import MAILS
from .models import OverloadMail, OverloadRun


def call_due(*, now: datetime) -> int:
    """Send e-mails that are due; return how many were tried."""
    taken = MAILS.take(now=now)
    mails = OverloadMail.objects.select_related("run__begun_by", "run__ended_by", "run__workspace", "call__user")
    found = mails.in_bulk([one.pk for one in taken])
    for one in taken:
        with MAILS.sending(one, at=now):
            _written(found[one.pk]).send()
            failpoint("call.sent")
    return len(taken)


def _written(mail: OverloadMail) -> EmailMessage:
    """Return the e-mail, in the language of whom it is for; of an address outside none is known but ours."""
    call = mail.call
    with translation.override(call.user.language if call.user else settings.LANGUAGE_CODE):
        return message(
            pk=mail.pk,
            to=call.user.email if call.user else call.email,
            subject=f"{mail.run.workspace.name}: {_subject(mail)}",
            paragraphs=[_words(mail), *_link()],
        )


def _subject(mail: OverloadMail) -> str:
    if mail.kind == OverloadMail.Kind.BEGUN:
        return _("the overload plan is at work, and you are called")
    return _("the overload plan is over")


def _words(mail: OverloadMail) -> str:
    run = mail.run
    if mail.kind == OverloadMail.Kind.BEGUN:
        told = {"time": _clock(run.begun_at), "why": why_words(run)}
        return _("More comes than people can review. The plan is at work since %(time)s: %(why)s.") % told
    assert run.ended_at
    told = {"time": _clock(run.ended_at), "why": end_words(run)}
    return _("The plan ended at %(time)s: %(why)s. Everything is reviewed as usual again.") % told


def why_words(run: OverloadRun) -> str:
    """Return in words who or what began a run; ``begun_by`` should be loaded."""
    if run.why == OverloadRun.Why.WAITING:
        return _("%(n)s items waited") % {"n": run.measured}
    if run.why == OverloadRun.Why.MINUTES_LATE:
        return _("the latest item would have been %(n)s minutes late") % {"n": run.measured}
    said = _("%(name)s began it") % {"name": run.begun_by.name if run.begun_by else ""}
    return f"{said} ({run.note})" if run.note else said


def end_words(run: OverloadRun) -> str:
    """Return in words who or what ended a run; ``ended_by`` should be loaded."""
    if run.end_why == OverloadRun.End.CALM:
        return _("it is calm again")
    return _("%(name)s ended it") % {"name": run.ended_by.name if run.ended_by else ""}


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M %Z")


def _link() -> list[str]:
    return [f"{settings.PUBLIC_URL}/overload/"] if settings.PUBLIC_URL else []
