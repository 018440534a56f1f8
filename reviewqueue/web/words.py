"""Numbers, times and promises in words, for pages whose title is a sentence."""

from datetime import datetime, timedelta

from django.utils import formats
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from .templatetags.look import day_format, span


def number(value: float) -> str:
    """Return a whole number with its thousands set apart, as the reader's language does."""
    return formats.number_format(round(value), 0, use_l10n=True, force_grouping=True)


def share(part: float, whole: float) -> str:
    """Return a share as whole per cent."""
    return _("%(n)s %%") % {"n": number(100 * part / whole)} if whole else "–"


def clock(moment: datetime | None, now: datetime) -> str:
    """Return the time of day, with the day when it is another one."""
    if moment is None:
        return _("never")
    here, today = localtime(moment), localtime(now).date()
    time = f"{here:%H:%M}"
    if here.date() == today:
        return time
    if here.date() == today + timedelta(days=1):
        return _("tomorrow %(time)s") % {"time": time}
    return f"{formats.date_format(here, day_format())}, {time}"


def promise(length: timedelta) -> str:
    """Name a promise by its length."""
    named = {
        timedelta(hours=1): _("one-hour promise"),
        timedelta(hours=2): _("two-hour promise"),
        timedelta(hours=4): _("four-hour promise"),
        timedelta(days=1): _("one-day promise"),
    }
    return named.get(length) or _("promise of %(length)s") % {"length": span(length)}
