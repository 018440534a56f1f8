"""The small marks of the look as template tags: ``{% load look %}``.

Icons, who-said-it marks, steps, times and spans; templates/components/ holds what is larger than one element.
"""

from datetime import datetime, timedelta

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, pgettext

from reviewqueue.web import bundles

register = template.Library()

#: Name -> the shapes inside a 16 x 16 box, drawn in strokes of the text's colour.
ICONS = {
    "balance": '<path d="M8 2.5v11M4 13.5h8M3 5h10"/><path d="m3 5-1.5 4h3zM13 5l-1.5 4h3z"/>',
    "board": '<path d="M2.5 3h3v10h-3zM6.5 3h3v6h-3zM10.5 3h3v8h-3z"/>',
    "chart": '<path d="M2 13.5h12"/><path d="m3 10 3-4 3 2 4-5"/>',
    "check": '<path d="m3 8.5 3.2 3.2L13 4.8"/>',
    "clock": '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
    "copy": '<path d="M5.5 5.5h8v8h-8z"/><path d="M10.5 5.5v-3h-8v8h3"/>',
    "cross": '<path d="m4 4 8 8M12 4l-8 8"/>',
    "download": '<path d="M8 3v10M4 9l4 4 4-4"/>',
    "flag": '<path d="M3.5 14.5v-12h8.5l-2 3.5 2 3.5H3.5"/>',
    "fork": '<circle cx="4" cy="3.5" r="1.5"/><circle cx="12" cy="3.5" r="1.5"/><circle cx="8" cy="12.5" r="1.5"/>'
    '<path d="M4 5v2l4 2 4-2V5M8 9v2"/>',
    "gear": '<circle cx="8" cy="8" r="2.2"/><path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4'
    'M12.4 3.6 11 5M5 11l-1.4 1.4"/>',
    "hidden": '<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><path d="m2.5 13.5 11-11"/>',
    "inbox": '<path d="M2 9.5 4 3h8l2 6.5V13H2z"/><path d="M2 9.5h3.5l1 1.5h3l1-1.5H14"/>',
    "key": '<circle cx="5" cy="8" r="3"/><path d="M8 8h6.5M12 8v2.5"/>',
    "keyboard": '<path d="M1.5 4.5h13v7h-13zM4 7v.1M6.5 7v.1M9 7v.1M12 7v.1M5 9.5h6"/>',
    "layers": '<path d="m8 2 6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3"/>',
    "link": '<path d="M6.5 9.5 9.5 6.5M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.5L4.5 7"/>',
    "menu": '<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>',
    "people": '<circle cx="6" cy="5.5" r="2.5"/><path d="M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4'
    'M10.5 3.2a2.5 2.5 0 0 1 0 4.6M12 9.8c1.6.5 2.5 1.9 2.5 3.7"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "reply": '<path d="M2 3h12v8H7.5l-3.5 2.8V11H2z"/>',
    "route": '<path d="M2 4h5l3 8h4M2 12h4M11 4h3"/><path d="m12 10 2 2-2 2"/>',
    "search": '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3 3"/>',
    "stop": '<path d="M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM5.5 8h5"/>',
    "undo": '<path d="M3 6h7a3.5 3.5 0 0 1 0 7H6M3 6l3-3M3 6l3 3"/>',
    "warning": '<path d="M8 2 1.5 13.5h13zM8 6.5v3M8 11.5v.1"/>',
}

_LEVELS = {"none": 0, "low": 1, "minor": 1, "medium": 2, "major": 2, "high": 3, "critical": 3}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon; it never stands without its word."""
    shapes = mark_safe(ICONS[name])  # noqa: S308 - our own shapes, from the table above
    return format_html('<svg class="icon {}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>', extra, shapes)


_LOGO = mark_safe(
    '<svg class="logo" width="28" height="20" viewBox="0 0 28 20" aria-hidden="true">'
    '<rect x="1.2" y="2.2" width="15.6" height="15.6" rx="2"/><circle cx="18" cy="10" r="8.5"/></svg>'
)


@register.simple_tag
def logo() -> SafeString:
    """Draw the product's mark: a machine's square, a person's circle before it."""
    return _LOGO


@register.simple_tag
def person(initials: str, name: str) -> SafeString:
    """Draw a person's mark: a filled circle."""
    return format_html('<span class="mark person" role="img" aria-label="{}">{}</span>', name, initials)


@register.simple_tag
def customer(initial: str = "", name: str = "") -> SafeString:
    """Draw the mark of somebody outside: an open circle."""
    word = name or gettext("Customer")
    return format_html('<span class="mark customer" role="img" aria-label="{}">{}</span>', word, initial or word[:1])


@register.simple_tag
def machine(glyph: str = "") -> SafeString:
    """Draw a machine's mark: a dashed square, with "AI" in it or the glyph of a rule."""
    if glyph:
        return format_html(
            '<span class="mark rule" role="img" aria-label="{}">{}</span>', gettext("Machine"), icon(glyph)
        )
    word = gettext("AI")
    return format_html('<span class="mark ai" role="img" aria-label="{}">{}</span>', word, word)


@register.simple_tag
def bars(level: str) -> SafeString:
    """Draw three steps, filled up to a severity or a risk; the word stands beside them."""
    filled = _LEVELS.get(level, 0)
    steps = format_html_join("", "<i{}></i>", ((mark_safe(' class="f"') if n < filled else "",) for n in range(3)))
    return format_html('<span class="bars" aria-hidden="true">{}</span>', steps)


@register.simple_tag
def moment(at: datetime | None, form: str = "auto", extra: str = "") -> SafeString | str:
    """Show a time in the person's zone, the exact time on hover.

    ``form`` is ``time`` (10:41), ``seconds`` (10:41:07), ``day`` (22 November) or ``auto``: the time on the same
    day, the day before that.
    """
    if at is None:
        return ""
    here = timezone.localtime(at)
    exact = here.strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        f"num {extra}".strip(),
        at.isoformat(),
        exact,
        _words_of(here, form),
    )


def _words_of(here: datetime, form: str) -> str:
    today = timezone.localtime().date()
    if form == "seconds":
        return here.strftime("%H:%M:%S")
    if form == "time" or (form == "auto" and here.date() == today):
        return here.strftime("%H:%M")
    day = formats.date_format(here, day_format(year=here.year != today.year))
    return day if form == "day" else f"{day}, {here:%H:%M}"


def day_format(*, year: bool = False) -> str:
    """Return how a day is written in the reader's language, as Django's date formats say it."""
    if year:
        return pgettext("a day with its year in Django's date format", "j F Y")
    return pgettext("a day in Django's date format", "j F")


@register.filter
def span(length: timedelta | float | None) -> str:
    """Say how long: 40 s, 1 min 14 s, 18 min, 1 h 12 min, 3 days."""
    if length is None:
        return ""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    seconds = abs(seconds)
    if seconds < 60:
        return gettext("%(n)d s") % {"n": seconds}
    minutes = seconds // 60
    if minutes < 10 and seconds % 60:
        return gettext("%(m)d min %(s)d s") % {"m": minutes, "s": seconds % 60}
    if minutes < 60:
        return gettext("%(n)d min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return gettext("%(h)d h %(m)d min") % {"h": hours, "m": rest} if rest else gettext("%(n)d h") % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}


@register.simple_tag
def bundle(kind: str) -> str:
    """Return the address of all style sheets (``css``) or all scripts (``js``) as one file."""
    return bundles.address(kind)
