"""The verbs that tell AI systems: say what happened, take what is due, write what became of it, keep webhooks."""

from .again import MOST_AT_ONCE, end_test, open_test, replay, replay_one, replayable
from .announcing import Announcement, announce, announce_all, queue_deliveries
from .forgetting import forget_attempts, forget_messages
from .sending import LEASE, ROOM, TAKE, leave_alone, take_due, write_answer, write_answers
from .webhooks import (
    OVERLAP,
    add_webhook,
    change_webhook,
    delete_webhook,
    pause_webhook,
    resume_webhook,
    rotate_secret,
)

__all__ = [
    "LEASE",
    "MOST_AT_ONCE",
    "OVERLAP",
    "ROOM",
    "TAKE",
    "Announcement",
    "add_webhook",
    "announce",
    "announce_all",
    "change_webhook",
    "delete_webhook",
    "end_test",
    "forget_attempts",
    "forget_messages",
    "leave_alone",
    "open_test",
    "pause_webhook",
    "queue_deliveries",
    "replay",
    "replay_one",
    "replayable",
    "resume_webhook",
    "rotate_secret",
    "take_due",
    "write_answer",
    "write_answers",
]
