"""When to try again, and when to leave an endpoint alone: pure decisions about its answers."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SETTLED = "outcome.settled"
SUPERSEDED = "outcome.superseded"
#: Everything that a webhook can be told of, as in docs/api.md.
EVENTS = (
    SETTLED,
    SUPERSEDED,
    "item.escalated",
    "gate.timed_out",
    "follow_up.opened",
    "alert.raised",
    "overload.begun",
    "overload.ended",
    "dataset.released",
)
#: What the test button sends; nobody subscribes to it.
TEST = "webhook.test"

GIVE_UP_AFTER = timedelta(days=7)
#: So many failures in a row, with no success between, open an endpoint's circuit: from then on it is only probed.
OPENS_AFTER = 5
PROBE_EVERY = timedelta(minutes=5)
#: A later message of the same item waits for an earlier one through so many tries; then `sequence` tells the order.
TRIES_IN_ORDER = 3

_PAUSES = [5, 30, 120, 600, 1800, 3600, 7200, 14400]
_LONGEST_RETRY_AFTER = 86_400

#: The message could not be written: our fault or its own, never the endpoint's.
NOT_WRITTEN = "NotWritten"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint said: a status, or in a word why there was none. ``retry_after`` in seconds."""

    status: int | None = None
    error: str = ""
    retry_after: int | None = None
    duration_ms: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no more."""
        return self.status == 410

    @property
    def asks_to_wait(self) -> timedelta | None:
        """How long nothing at all is to be sent to the endpoint: 429 and 503 may say so."""
        if self.status not in {429, 503} or self.retry_after is None:
            return None
        return timedelta(seconds=min(max(self.retry_after, 1), _LONGEST_RETRY_AFTER))

    @property
    def speaks_against(self) -> bool:
        """Whether this is a failure of the endpoint; one that only asks for a slower pace is well."""
        slower = self.status == 429 and self.retry_after is not None
        return not (self.delivered or slower or self.error == NOT_WRITTEN)


def next_try(*, attempts: int, answer: Answer) -> timedelta:
    """Return how long to wait: growing pauses with a tenth of jitter; 429 and 503 may say it themselves."""
    if answer.asks_to_wait:
        return answer.asks_to_wait
    pause = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return timedelta(seconds=pause * random.uniform(0.9, 1.1))  # noqa: S311 - jitter, not a secret


def retry_after(header: str | None, *, now: datetime) -> int | None:
    """Return a Retry-After header's seconds, given as such or as an HTTP date; None when it says nothing."""
    if not header:
        return None
    if header.strip().isdecimal():
        return min(int(header.strip()[:10]), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(round((moment - now).total_seconds()), 0)


class Window:
    """How many messages an endpoint gets at once: few at first, one more for each success, half after a fault."""

    FIRST, MOST = 4, 32

    def __init__(self) -> None:
        self.size = self.FIRST

    def learn(self, answer: Answer) -> None:
        """Grow or shrink by an answer."""
        self.size = min(self.size + 1, self.MOST) if answer.delivered else max(self.size // 2, 1)
