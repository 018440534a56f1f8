"""The walk of an item on one page: received, triaged, claimed, reviewed, settled, published.

Each verb is one transaction (unless it says otherwise), writes its audit event in it, and this package is the only
writer of ItemState. Bells are rung after commit; losing one delays work, never loses it. The files stand in the order
of the walk, and each imports only from those before it: moves, following_up, publishing, asking, looking_again,
receiving, detecting, triaging, gating, looking_late, taking, shifting, dealing, escalating, settling, reviewing,
reopening, appealing, withdrawing, releasing; edge_cases, ruling, becoming, laddering, mending, replaying, bulk,
stopping, missing and overloading stand beside them.
"""

from .appealing import appeal
from .becoming import Drafted, draft_rule
from .bulk import begin_bulk, do_bulk, foresee_bulk, undo_bulk
from .dealing import deal, take_back_absent
from .edge_cases import add_to_case, comment, dismiss_case, hand_case, open_case, reopen_case, take_out
from .escalating import escalate, escalate_stranded, hand_back, take_escalation
from .following_up import finish_follow_up, reopen_follow_up, take_follow_up
from .gating import submit_gated, time_out_due
from .laddering import climb, end_owner, set_ladder, set_owner
from .looking_late import look_late
from .mending import finish_fix, note_knowledge, reopen_fix, spoils, take_fix
from .missing import find_misses
from .overloading import arm_plan, begin_plan, disarm_plan, end_plan, save_plan, watch_overload
from .publishing import publish
from .receiving import submit_items
from .releasing import build_release
from .reopening import Signalled, signal
from .replaying import replay_next
from .reviewing import Submitted, submit_review, undo
from .ruling import foresee, rule, settle_ruled, take_back
from .shifting import Refused, hold, lower_rank, move_entry, raise_rank, reassign, release_hold
from .stopping import carry_out_stops, end_stop, stop
from .taking import assign, claim_next, expire_due, give_back, heartbeat, snooze, take_away
from .triaging import triage_by_person, triage_items
from .unmasking import unmask
from .withdrawing import withdraw

__all__ = [
    "Drafted",
    "Refused",
    "Signalled",
    "Submitted",
    "add_to_case",
    "appeal",
    "arm_plan",
    "assign",
    "begin_bulk",
    "begin_plan",
    "build_release",
    "carry_out_stops",
    "claim_next",
    "climb",
    "comment",
    "deal",
    "disarm_plan",
    "dismiss_case",
    "do_bulk",
    "draft_rule",
    "end_owner",
    "end_plan",
    "end_stop",
    "escalate",
    "escalate_stranded",
    "expire_due",
    "find_misses",
    "finish_fix",
    "finish_follow_up",
    "foresee",
    "foresee_bulk",
    "give_back",
    "hand_back",
    "hand_case",
    "heartbeat",
    "hold",
    "look_late",
    "lower_rank",
    "move_entry",
    "note_knowledge",
    "open_case",
    "publish",
    "raise_rank",
    "reassign",
    "release_hold",
    "reopen_case",
    "reopen_fix",
    "reopen_follow_up",
    "replay_next",
    "rule",
    "save_plan",
    "set_ladder",
    "set_owner",
    "settle_ruled",
    "signal",
    "snooze",
    "spoils",
    "stop",
    "submit_gated",
    "submit_items",
    "submit_review",
    "take_away",
    "take_back",
    "take_back_absent",
    "take_escalation",
    "take_fix",
    "take_follow_up",
    "take_out",
    "time_out_due",
    "triage_by_person",
    "triage_items",
    "undo",
    "undo_bulk",
    "unmask",
    "watch_overload",
    "withdraw",
]
