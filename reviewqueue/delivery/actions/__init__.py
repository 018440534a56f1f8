"""The verbs that tell AI systems: say what happened, take what is due, write what became of it, keep webhooks."""

from .announcing import Announcement, announce, announce_all, queue_deliveries
from .sending import LEASE, ROOM, TAKE, leave_alone, take_due, write_answer, write_answers
from .webhooks import add_webhook

__all__ = [
    "LEASE",
    "ROOM",
    "TAKE",
    "Announcement",
    "add_webhook",
    "announce",
    "announce_all",
    "leave_alone",
    "queue_deliveries",
    "take_due",
    "write_answer",
    "write_answers",
]
