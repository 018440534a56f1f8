"""The verbs that write turns, by what a person does: open slots, claim, keep, and end a turn."""

from .claiming import Turn, assign, claim, lanes_of
from .ending import (
    close_open_slots,
    end_turn,
    exclude,
    give_back,
    held_slot,
    include,
    reopen_slot,
    snooze,
    submit_turn,
    take_away,
)
from .keeping import NoLongerNeeded, TurnOver, expire_due, heartbeat, wake_due
from .on_duty import end_unseen, go_on_duty, leave_duty, page_closed, seen
from .opening import lane_for, open_slots, rerank

__all__ = [
    "NoLongerNeeded",
    "Turn",
    "TurnOver",
    "assign",
    "claim",
    "close_open_slots",
    "end_turn",
    "end_unseen",
    "exclude",
    "expire_due",
    "give_back",
    "go_on_duty",
    "heartbeat",
    "held_slot",
    "include",
    "lane_for",
    "lanes_of",
    "leave_duty",
    "open_slots",
    "page_closed",
    "reopen_slot",
    "rerank",
    "seen",
    "snooze",
    "submit_turn",
    "take_away",
    "wake_due",
]
