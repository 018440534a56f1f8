"""When to try again: pure decisions about an endpoint's answer."""

import random
from dataclasses import dataclass
from datetime import timedelta

SETTLED = "outcome.settled"
SUPERSEDED = "outcome.superseded"
#: Everything that a webhook can be told of, as in docs/api.md.
EVENTS = (SETTLED, SUPERSEDED, "item.escalated", "gate.timed_out", "follow_up.opened", "dataset.released")

GIVE_UP_AFTER = timedelta(days=7)
_PAUSES = [5, 30, 120, 600, 1800, 3600, 7200, 14400]
_LONGEST_RETRY_AFTER = 86_400


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint said: a status, or an error's name when there was none. ``retry_after`` in seconds."""

    status: int | None = None
    error: str = ""
    retry_after: int | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def silent(self) -> bool:
        """Whether there was no answer at all."""
        return self.status is None

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no more."""
        return self.status == 410


def next_try(*, attempts: int, answer: Answer) -> timedelta:
    """Return how long to wait: growing pauses with a tenth of jitter; 429 and 503 may say it themselves."""
    if answer.status in {429, 503} and answer.retry_after is not None:
        return timedelta(seconds=min(max(answer.retry_after, 1), _LONGEST_RETRY_AFTER))
    pause = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return timedelta(seconds=pause * random.uniform(0.9, 1.1))  # noqa: S311 - jitter, not a secret
