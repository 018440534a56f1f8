"""The verbs that tell AI systems: say what happened, take what is due, write what became of it, keep webhooks."""

from .announcing import Announcement, announce, announce_all, queue_deliveries
from .sending import take_due, write_answer
from .webhooks import add_webhook

__all__ = [
    "Announcement",
    "add_webhook",
    "announce",
    "announce_all",
    "queue_deliveries",
    "take_due",
    "write_answer",
]
