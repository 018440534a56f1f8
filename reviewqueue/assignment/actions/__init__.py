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
from .opening import lane_for, open_slots

__all__ = [
    "NoLongerNeeded",
    "Turn",
    "TurnOver",
    "assign",
    "claim",
    "close_open_slots",
    "end_turn",
    "exclude",
    "expire_due",
    "give_back",
    "heartbeat",
    "held_slot",
    "include",
    "lane_for",
    "lanes_of",
    "open_slots",
    "reopen_slot",
    "snooze",
    "submit_turn",
    "take_away",
    "wake_due",
]
