"""The verbs that write cases, rulings, owners, steps of the ladder and knowledge fixes; a transaction around each."""

from .cases import comment, dismiss_case, group, hand_case, hold_case, open_case, reopen_case, ungroup
from .climbing import MAILS, write_steps
from .mending import finish_fix, note_spoiled, open_fix, reopen_fix, take_fix
from .owning import end_owner, set_ladder, set_owner
from .ruling import Said, note_settled, note_shown, note_undone, pass_over, take_back, write_ruling

__all__ = [
    "MAILS",
    "Said",
    "comment",
    "dismiss_case",
    "end_owner",
    "finish_fix",
    "group",
    "hand_case",
    "hold_case",
    "note_settled",
    "note_shown",
    "note_spoiled",
    "note_undone",
    "open_case",
    "open_fix",
    "pass_over",
    "reopen_case",
    "reopen_fix",
    "set_ladder",
    "set_owner",
    "take_back",
    "take_fix",
    "ungroup",
    "write_ruling",
    "write_steps",
]
