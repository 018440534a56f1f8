"""What a lead did about an item's place, as its timeline tells it: how far, where to, and why in their words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from reviewqueue.assignment.models import BulkActionContent
from reviewqueue.audit.models import Event
from reviewqueue.queues.models import Queue

from .templatetags.look import span
from .words import clock

SHIFTS = ("raise", "lower", "hold", "release_hold", "move")


@dataclass(frozen=True, slots=True)
class Shifts:
    """What the trail of one item speaks of by id: reasons by the lead's action, and queues."""

    reasons: Mapping[str, str]
    queues: Mapping[str, str]

    def told(self, event: Event) -> tuple[str, list[str], str]:
        """Return title, lines and glyph of a lead's step."""
        reason = self.reasons.get(event.data.get("action", ""), "")
        title, line = self._words(event)
        return title, [line, f"“{reason}”" if reason else ""], "people" if event.verb == "move" else "clock"

    def _words(self, event: Event) -> tuple[str, str]:
        if event.verb == "move":
            return _("Moved to %(queue)s") % {"queue": self.queues.get(event.data.get("queue", ""), "")}, ""
        if event.verb == "hold":
            until = event.data.get("until")
            return _("Put on hold"), _until(until) if until else _("until somebody lifts that")
        if event.verb == "release_hold":
            return _("Off hold"), ""
        by = span(timedelta(minutes=event.data.get("minutes", 0)))
        words = _("Raised by %(by)s") if event.verb == "raise" else _("Lowered by %(by)s")
        return words % {"by": by}, ""


def _until(text: str) -> str:
    return _("until %(time)s") % {"time": clock(datetime.fromisoformat(text), timezone.now())}


def shifts_of(events: Sequence[Event]) -> Shifts:
    """Read what an item's events speak of."""
    ours = [one for one in events if one.verb in SHIFTS]
    actions = {UUID(one.data["action"]) for one in ours if one.data.get("action")}
    queues = {UUID(one.data["queue"]) for one in ours if one.data.get("queue")}
    said = BulkActionContent.objects.filter(pk__in=actions, redacted_at=None) if actions else []
    named = Queue.objects.filter(pk__in=queues) if queues else []
    return Shifts({str(one.pk): one.reason for one in said}, {str(one.pk): one.name for one in named})
