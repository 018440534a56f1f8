"""Charts as SVG made on the server: solid is counted, dashed is expected; each has a table behind it.

Every chart is drawn twice, wide and for phones, and never scaled down; the style sheet shows the one that fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviewqueue.metrics.rules import BoardNow, Prediction, QueueNow

from .drawing import Drawing, r, steps
from .words import number

HOUR = timedelta(hours=1)


# --- the board's day --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayHour:
    """One hour of the day: what came, what is expected, and what waits at its end."""

    begins: datetime
    arrived: int
    expected: float
    waiting: float
    to_come: bool


def day_hours(board: BoardNow, prediction: Prediction) -> list[DayHour]:
    """Return the day by the hour: the numbers that the chart draws and its table lists."""
    waiting = backlog(board.queues, board.day.now, board.day.hours)
    return [_hour(board, prediction, hour, waiting) for hour in board.day.hours]


def _hour(board: BoardNow, prediction: Prediction, hour: datetime, waiting: Mapping[datetime, int]) -> DayHour:
    end, now = hour + HOUR, board.day.now
    arrived = sum(queue.placed.get(hour, 0) for queue in board.queues)
    expected = sum(items for at, items in prediction.expected.items() if hour <= at < end)
    left = prediction.whole.waiting_at(end) if end > now else waiting.get(end, 0)
    return DayHour(hour, arrived, expected, left, end > now)


def backlog(queues: Sequence[QueueNow], now: datetime, hours: Sequence[datetime]) -> dict[datetime, int]:
    """Return what waited at the beginning of each hour, counted backwards from now."""
    waits = sum(queue.count for queue in queues)
    counted = {}
    for hour in sorted((one for one in hours if one <= now), reverse=True):
        came = sum(count for queue in queues for at, count in queue.placed.items() if at >= hour)
        went = sum(count for queue in queues for at, count in queue.ended.items() if at >= hour)
        counted[hour] = max(0, waits - came + went)
    return counted


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things lie: the plot's edges, and the two scales."""

    left: float
    right: float
    top: float
    base: float
    start: datetime
    end: datetime
    highest: float

    def x(self, at: datetime) -> float:
        return self.left + (self.right - self.left) * ((at - self.start) / (self.end - self.start))

    def y(self, value: float) -> float:
        return self.base - (self.base - self.top) * value / self.highest


def day_chart(board: BoardNow, prediction: Prediction, *, label: str, breaks: str, narrow: bool) -> SafeString:
    """Draw arrivals an hour against people and pace, when the promise breaks, and what waits below."""
    hours = day_hours(board, prediction)
    drawing = Drawing(358, 300, label, "for-narrow") if narrow else Drawing(720, 384, label, "for-wide")
    scale = steps(max([one.arrived + one.expected for one in hours] + [prediction.per_hour, 1.0]) * 1.12)
    left, right = (32, 354) if narrow else (40, 716)
    base = 190 if narrow else 264
    frame = _Frame(left, right, 10, base, board.day.start, board.day.end, scale[-1])
    _axis(drawing, frame, scale)
    _bars(drawing, frame, hours, every=3 if narrow else 1)
    _capacity(drawing, frame, board, prediction)
    _moments(drawing, frame, board, prediction, breaks)
    _waiting(drawing, frame, board, prediction, hours)
    return drawing.svg()


def _axis(drawing: Drawing, frame: _Frame, scale: Sequence[int]) -> None:
    for value in scale:
        y = frame.y(value)
        drawing.line("grid" if value else "axis", frame.left, y, frame.right, y)
        drawing.text(number(value), frame.left - 8, y + 4, anchor="end")


def _bars(drawing: Drawing, frame: _Frame, hours: Sequence[DayHour], *, every: int) -> None:
    wide = (frame.right - frame.left) / len(hours)
    for place, one in enumerate(hours):
        x = frame.x(one.begins) + wide * 0.09
        whole = one.arrived + one.expected
        if one.expected >= 0.5:
            drawing.bar("bar-f", x, frame.y(whole), wide * 0.82, frame.base - frame.y(whole))
        if one.arrived:
            drawing.bar("bar-2", x, frame.y(one.arrived), wide * 0.82, frame.base - frame.y(one.arrived))
        if place % every == 0:
            drawing.text(f"{one.begins:%H}", frame.x(one.begins), frame.base + 18, anchor="middle")
    if len(hours) % every == 0 or wide * (len(hours) % every) > 30:
        drawing.text(f"{hours[-1].begins + HOUR:%H}", frame.right - 2, frame.base + 18, anchor="end")


def _capacity(drawing: Drawing, frame: _Frame, board: BoardNow, prediction: Prediction) -> None:
    y, now = frame.y(prediction.per_hour), frame.x(board.day.now)
    drawing.path("solid-ink", [(frame.left, y), (now, y)])
    drawing.path("dash-ink", [(now, y), (frame.right, y)])
    people, pace = number(len(board.crew.people)), number(board.crew.pace)
    words = _("%(people)s people × %(pace)s = %(n)s an hour") % {
        "people": people,
        "pace": pace,
        "n": number(prediction.per_hour),
    }
    drawing.text(words, frame.left + 4, y - 8, "hi")


def _moments(drawing: Drawing, frame: _Frame, board: BoardNow, prediction: Prediction, breaks: str) -> None:
    """Mark now and the moment the promise breaks; a label turns to the side where there is room."""
    now = frame.x(board.day.now)
    drawing.line("tick", now, frame.top, now, frame.base)
    word = _("now %(time)s") % {"time": f"{board.day.now:%H:%M}"}
    at = prediction.whole.breaks_at
    broken = frame.x(at) if breaks and at and board.day.start <= at <= board.day.end else None
    taken = _label(drawing, frame, word, now, "s2", leftwards=broken is None or broken >= now)
    if broken is not None:
        drawing.line("bad-l", broken, frame.top, broken, frame.base)
        _label(drawing, frame, breaks, broken, "bd", leftwards=False, taken=taken)


def _label(
    drawing: Drawing,
    frame: _Frame,
    words: str,
    x: float,
    kind: str,
    *,
    leftwards: bool,
    taken: tuple[float, float] = (0, 0),
) -> tuple[float, float]:
    """Write a label beside an upright line, on the side with room, a row lower where one stands already."""
    width = 7 * len(words) + 12
    left = x - width if (leftwards and x - width > frame.left) or x + width > frame.right else x
    row = 1 if left < taken[1] and taken[0] < left + width else 0
    beside = left < x
    drawing.text(words, x - 6 if beside else x + 6, frame.top + 12 + 18 * row, kind, "end" if beside else "start")
    return left, left + width


def _waiting(
    drawing: Drawing, frame: _Frame, board: BoardNow, prediction: Prediction, hours: Sequence[DayHour]
) -> None:
    top, base = frame.base + 64, drawing.height - 8
    now = board.day.now
    counted = backlog(board.queues, now, board.day.hours)
    past = [*sorted(counted.items()), (now, sum(queue.count for queue in board.queues))]
    ahead = _ahead(prediction, now, board.day.end)
    highest = max(1.0, *(value for _at, value in [*past, *ahead]))

    def point(at: datetime, value: float) -> tuple[float, float]:
        return frame.x(at), base - (base - top) * value / highest

    drawing.line("axis", frame.left, base, frame.right, base)
    drawing.text(_("Waiting"), frame.left, frame.base + 44, "hi")
    drawing.text("0", frame.left - 8, base + 4, anchor="end")
    drawing.path("solid-ink", [point(at, value) for at, value in past])
    drawing.path("dash-ink", [point(*past[-1]), *(point(at, value) for at, value in ahead)])
    x, y = point(*past[-1])
    drawing.add('<circle class="dot-ink" cx="{}" cy="{}" r="4"/>', r(x), r(y))
    room = x > frame.left + 90
    drawing.text(
        _("%(n)s now") % {"n": number(past[-1][1])},
        x - 8 if room else x + 8,
        max(y - 8, top),
        "hi",
        "end" if room else "start",
    )
    left = _("%(n)s left at %(time)s") % {"n": number(ahead[-1][1]), "time": f"{board.day.end:%H:%M}"}
    drawing.text(left, frame.right, frame.base + 44, "hi", "end")


def _ahead(prediction: Prediction, now: datetime, end: datetime) -> list[tuple[datetime, float]]:
    count = max(2, round((end - now) / timedelta(minutes=20)))
    width = (end - now) / count
    moments = [now + width * place for place in range(1, count + 1)]
    return [(at, prediction.whole.waiting_at(at)) for at in moments]


# --- small ones -------------------------------------------------------------------------------------------------


def spark(queue: QueueNow, now: datetime, *, bad: bool) -> SafeString:
    """Draw what waited in a queue over the last 24 hours; the numbers stand beside it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counted = backlog([queue], now, [hour - place * HOUR for place in range(23, -1, -1)])
    values = [*(counted[at] for at in sorted(counted)), queue.count]
    highest = max(*values, 1)
    points = [(1 + 92 * place / (len(values) - 1), 21 - 18 * value / highest) for place, value in enumerate(values)]
    line = " ".join(f"{r(x)},{r(y)}" for x, y in points)
    x, y = points[-1]
    return format_html(
        '<svg class="spark chart" viewBox="0 0 96 24" aria-hidden="true"><line class="grid" x1="0" x2="96" y1="23"'
        ' y2="23"/><polyline class="spark-l" points="{}"/><circle class="{}" cx="{}" cy="{}" r="2.5"/></svg>',
        line,
        "bad-f" if bad else "dot-ink",
        r(x),
        r(y),
    )


def cell_bar(part: float, whole: float) -> SafeString:
    """Draw what is left against the dashed whole."""
    width = 88 * min(1.0, part / whole) if whole else 0.0
    return format_html(
        '<svg class="cellbar" viewBox="0 0 88 10" aria-hidden="true"><rect class="whole" x="0.5" y="0.5" width="87"'
        ' height="9"/><rect class="part" x="0" y="0" width="{}" height="10"/></svg>',
        r(width),
    )


@dataclass(frozen=True, slots=True)
class DayVolume:
    """One day's items: how many came, and how many of them people have judged."""

    day: datetime
    received: int
    judged: int


def volume_chart(days: Sequence[DayVolume], *, label: str, narrow: bool) -> SafeString:
    """Draw items a day: received as an outline (a machine said it), judged filled (a person did)."""
    drawing = Drawing(358, 200, label, "for-narrow") if narrow else Drawing(560, 240, label, "for-wide")
    left, right, base = 44, drawing.width - 4, drawing.height - 28
    scale = steps(max([one.received for one in days] + [1]))
    frame = _Frame(left, right, 12, base, days[0].day, days[-1].day + timedelta(days=1), scale[-1])
    _axis(drawing, frame, scale)
    wide = (right - left) / len(days)
    every = max(1, -(-len(days) * (46 if narrow else 52) // (right - left)))
    for place, one in enumerate(days):
        x = left + wide * (place + 0.12)
        drawing.bar("bar-f", x, frame.y(one.received), wide * 0.76, base - frame.y(one.received))
        if one.judged:
            drawing.bar("bar-2", x, frame.y(one.judged), wide * 0.76, base - frame.y(one.judged))
        if (len(days) - 1 - place) % every == 0:
            last = place == len(days) - 1
            at = right if last else left + wide * (place + 0.5)
            drawing.text(formats.date_format(one.day, "j M"), at, base + 18, anchor="end" if last else "middle")
    return drawing.svg()
