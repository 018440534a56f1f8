"""Numbers with their thousands set apart as the reader's language does: ``{% load humanize_numbers %}``."""

from django import template

from reviewqueue.web.words import number

register = template.Library()


@register.filter
def grouped(value: float | None) -> str:
    """Return a whole number for reading; nothing for None."""
    return "" if value is None else number(value)
