"""What every chart is drawn on: shapes as SVG whose texts are all escaped, and round numbers for axes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


@dataclass(slots=True)
class Drawing:
    """Shapes inside a box of a given size; every text in them is escaped."""

    width: int
    height: int
    label: str
    extra: str = ""
    shapes: list[SafeString] = field(default_factory=list)

    def add(self, shape: str, *of: object) -> None:
        """Add a shape; numbers should be rounded by :func:`r`."""
        self.shapes.append(format_html(shape, *of))

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a straight line."""
        self.add('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>', kind, r(x1), r(y1), r(x2), r(y2))

    def bar(self, kind: str, x: float, y: float, width: float, height: float) -> None:
        """Draw a bar."""
        self.add(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', kind, r(x), r(y), r(width), r(max(height, 0))
        )

    def text(self, words: str, x: float, y: float, kind: str = "", anchor: str = "start") -> None:
        """Write words; ``anchor`` is start, middle or end."""
        self.add('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', kind, r(x), r(y), anchor, words)

    def path(self, kind: str, points: Iterable[tuple[float, float]]) -> None:
        """Draw a line through points."""
        self.add('<polyline class="{}" points="{}"/>', kind, " ".join(f"{r(x)},{r(y)}" for x, y in points))

    def svg(self) -> SafeString:
        """Return the picture."""
        return format_html(
            '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
            self.extra,
            self.width,
            self.height,
            self.label,
            mark_safe("".join(self.shapes)),  # noqa: S308 - each shape was made by format_html
        )


def r(value: float) -> str:
    """Return a coordinate with one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def steps(highest: float, *, most: int = 4) -> list[int]:
    """Return round numbers for an axis, from 0 to at least ``highest``."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= size * factor * most:
                count = max(1, -(-int(highest + 0.999) // (size * factor)))
                return [size * factor * n for n in range(count + 1)]
        size *= 10
