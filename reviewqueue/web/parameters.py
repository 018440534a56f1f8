"""Reading what an address or a form says: anything unreadable is the default, never an error page."""

from uuid import UUID


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
