"""Reading what an address or a form says: anything unreadable is the default, never an error page."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone


def identifier(text: str | None) -> UUID | None:
    """Return an id, or None."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def whole(text: str | None, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
    """Return a whole number within bounds, or the default."""
    cleaned = (text or "").strip()
    if not cleaned.isascii() or not cleaned.isdigit() or len(cleaned) > 9:
        return default
    return min(max(int(cleaned), least), most)


def fraction(text: str | None, default: float, *, least: float = 0.0, most: float = 1.0) -> float:
    """Return a number within bounds, or the default; a comma is a decimal point too."""
    try:
        value = float((text or "").strip().replace(",", "."))
    except ValueError:
        return default
    return min(max(value, least), most) if value == value else default


def local_time(text: str | None) -> datetime | None:
    """Return what a field for date and time says, in the reader's time zone, or None."""
    try:
        typed = datetime.fromisoformat((text or "").strip())
        return timezone.make_aware(typed) if typed.tzinfo is None else typed
    except (ValueError, OverflowError):
        return None
