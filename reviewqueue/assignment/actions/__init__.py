"""The verbs that write turns, by what a person does: open slots, claim, keep, and end a turn."""

from .claiming import Turn, assign, claim, lanes_of
from .dealing import TakenBack, absent_turns, begin, deal, take_back
from .ending import (
    close_all_open_slots,
    close_open_slots,
    close_unneeded,
    end_turn,
    exclude,
    give_back,
    held_slot,
    include,
    reopen_slot,
    reopen_unreviewed,
    snooze,
    submit_turn,
    take_away,
)
from .keeping import NoLongerNeeded, TurnOver, expire_due, heartbeat, wake_due
from .on_duty import end_unseen, go_on_duty, leave_duty, page_closed, seen
from .opening import lane_for, named_in, open_slots, open_to_leads, rerank
from .presence import be_gone, be_here
from .stopping import Place, clear_heads, hold_back, let_go

__all__ = [
    "NoLongerNeeded",
    "Place",
    "TakenBack",
    "Turn",
    "TurnOver",
    "absent_turns",
    "assign",
    "be_gone",
    "be_here",
    "begin",
    "claim",
    "clear_heads",
    "close_all_open_slots",
    "close_open_slots",
    "close_unneeded",
    "deal",
    "end_turn",
    "end_unseen",
    "exclude",
    "expire_due",
    "give_back",
    "go_on_duty",
    "heartbeat",
    "held_slot",
    "hold_back",
    "include",
    "lane_for",
    "lanes_of",
    "leave_duty",
    "let_go",
    "named_in",
    "open_slots",
    "open_to_leads",
    "page_closed",
    "reopen_slot",
    "reopen_unreviewed",
    "rerank",
    "seen",
    "snooze",
    "submit_turn",
    "take_away",
    "take_back",
    "wake_due",
]
