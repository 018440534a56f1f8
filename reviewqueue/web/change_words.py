"""What leads do to items, in words: what would change, what did, and what was in the way."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewqueue.assignment.models import BulkAction
from reviewqueue.assignment.standing import Asked

from .templatetags.look import span
from .words import clock, number

Verb = BulkAction.Verb

NAMES = {
    Verb.RAISE: lambda: _("Raise"),
    Verb.LOWER: lambda: _("Lower"),
    Verb.HOLD: lambda: _("Hold"),
    Verb.RELEASE_HOLD: lambda: _("Lift the hold"),
    Verb.REASSIGN: lambda: _("Give to somebody"),
    Verb.MOVE: lambda: _("Move to a queue"),
}


def would(asked: Asked, n: int) -> str:
    """Say in one sentence what a request would change."""
    sentences = {
        Verb.RAISE: ngettext("One item would go %(by)s ahead.", "%(n)s items would go %(by)s ahead.", n),
        Verb.LOWER: ngettext("One item would go %(by)s back.", "%(n)s items would go %(by)s back.", n),
        Verb.HOLD: ngettext(
            "One item would be kept from everybody %(until)s.",
            "%(n)s items would be kept from everybody %(until)s.",
            n,
        ),
        Verb.RELEASE_HOLD: ngettext(
            "One item would go back into its line.", "%(n)s items would go back into their lines.", n
        ),
        Verb.REASSIGN: ngettext("One item would be %(name)s's.", "%(n)s items would be %(name)s's.", n),
        Verb.MOVE: ngettext("One item would move to %(queue)s.", "%(n)s items would move to %(queue)s.", n),
    }
    return sentences[Verb(asked.verb)] % _values(asked, n)


def did(asked: Asked, n: int) -> str:
    """Say in one sentence what was changed."""
    sentences = {
        Verb.RAISE: ngettext("One item went %(by)s ahead.", "%(n)s items went %(by)s ahead.", n),
        Verb.LOWER: ngettext("One item went %(by)s back.", "%(n)s items went %(by)s back.", n),
        Verb.HOLD: ngettext(
            "One item is kept from everybody %(until)s.", "%(n)s items are kept from everybody %(until)s.", n
        ),
        Verb.RELEASE_HOLD: ngettext("One item is back in its line.", "%(n)s items are back in their lines.", n),
        Verb.REASSIGN: ngettext("One item is %(name)s's now.", "%(n)s items are %(name)s's now.", n),
        Verb.MOVE: ngettext("One item moved to %(queue)s.", "%(n)s items moved to %(queue)s.", n),
    }
    return sentences[Verb(asked.verb)] % _values(asked, n)


def _values(asked: Asked, n: int) -> dict[str, str]:
    until = _("until somebody lifts that")
    if asked.until:
        until = _("until %(time)s") % {"time": clock(asked.until, timezone.now())}
    return {
        "n": number(n),
        "by": span(timedelta(minutes=asked.minutes)),
        "until": until,
        "name": asked.to.name if asked.to else "",
        "queue": asked.queue.name if asked.queue else "",
    }


def asked_of(action: BulkAction) -> Asked:
    """Return what an action asked for."""
    return Asked(action.verb, action.queue, action.to, action.minutes or 0, action.until_at)
