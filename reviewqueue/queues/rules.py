"""What stops cover: pure decisions over the stops of one workspace that run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from reviewqueue.common.errors import Conflict

from .models import Stop

#: Until when what a stop holds back is put aside: its end comes before.
UNTIL_THE_END = datetime(9000, 1, 1, tzinfo=UTC)


class Stopped(Conflict):
    """This work has been stopped; nothing new of it is handed out until somebody lets it go on."""

    slug = "stopped"

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        super().__init__(stopped_words(stop))


@dataclass(frozen=True, slots=True)
class Running:
    """The stops of one workspace that run."""

    stops: Sequence[Stop] = ()

    def __bool__(self) -> bool:
        return bool(self.stops)

    @property
    def of_all(self) -> Stop | None:
        """The stop of the whole workspace."""
        return next((one for one in self.stops if not one.source_slug and one.queue_id is None), None)

    @property
    def of_sources(self) -> bool:
        """Whether one of them is of a single source."""
        return any(one.source_slug for one in self.stops)

    def of_queue(self, queue_id: UUID | None) -> Stop | None:
        """Return the stop of a single queue."""
        return next((one for one in self.stops if queue_id is not None and one.queue_id == queue_id), None)

    def of_source(self, slug: str) -> Stop | None:
        """Return the stop of a single source."""
        return next((one for one in self.stops if slug and one.source_slug == slug), None)

    def over(self, *, source: str = "", queue_id: UUID | None = None) -> Stop | None:
        """Return a stop that covers what comes from a source and waits in a queue, the widest first."""
        return self.of_all or self.of_source(source) or self.of_queue(queue_id)


def why_words(why: str) -> str:
    """Return why something was stopped, as everybody is told it, in the reader's language."""
    return {
        Stop.Why.WRONG_ANSWERS: _("the AI's answers are wrong"),
        Stop.Why.WRONG_ROUTING: _("items go where they should not"),
        Stop.Why.PERSONAL_DATA: _("personal data is where it should not be"),
        Stop.Why.OUTAGE: _("a system that the work needs is down"),
        Stop.Why.EXERCISE: _("this is an exercise"),
        Stop.Why.OTHER: _("ask a lead why"),
    }[Stop.Why(why)]


def stopped_words(stop: Stop) -> str:
    """Return in one sentence what is stopped and why; the stop's queue should be loaded."""
    why = why_words(stop.why)
    if stop.source_slug:
        return _("Items of %(name)s are stopped: %(why)s.") % {"name": stop.source_slug, "why": why}
    if stop.queue is not None:
        return _("The queue %(name)s is stopped: %(why)s.") % {"name": stop.queue.name, "why": why}
    return _("All work is stopped: %(why)s.") % {"why": why}
