"""The walk of an item on one page: received, triaged, claimed, reviewed, settled, published.

Each verb is one transaction (unless it says otherwise), writes its audit event in it, and this package is the only
writer of ItemState. Bells are rung after commit; losing one delays work, never loses it. The files stand in the order
of the walk, and each imports only from those before it: moves, publishing, receiving, triaging, gating, taking,
escalating, reviewing, withdrawing, releasing.
"""

from .appealing import appeal
from .escalating import escalate, hand_back, take_escalation
from .following_up import finish_follow_up, reopen_follow_up, take_follow_up
from .gating import submit_gated, time_out_due
from .publishing import publish
from .receiving import submit_items
from .releasing import build_release
from .reopening import Signalled, signal
from .reviewing import Submitted, submit_review, undo
from .taking import assign, claim_next, expire_due, give_back, heartbeat, snooze, take_away
from .triaging import triage_by_person, triage_items
from .withdrawing import withdraw

__all__ = [
    "Signalled",
    "Submitted",
    "appeal",
    "assign",
    "build_release",
    "claim_next",
    "escalate",
    "expire_due",
    "finish_follow_up",
    "give_back",
    "hand_back",
    "heartbeat",
    "publish",
    "reopen_follow_up",
    "signal",
    "snooze",
    "submit_gated",
    "submit_items",
    "submit_review",
    "take_away",
    "take_escalation",
    "take_follow_up",
    "time_out_due",
    "triage_by_person",
    "triage_items",
    "undo",
    "withdraw",
]
