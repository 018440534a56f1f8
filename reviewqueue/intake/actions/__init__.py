"""The verbs that write what arrives: declare, receive, hold back, and (for the pipeline) move an item's state."""

from .declaring import declare, declare_source
from .gating import close_gate, close_gates, open_gates
from .limiting import count_open, limit_source
from .moving import hold_states, move_state, taken_up
from .receiving import FEW, Received, at_once, forget_seen, receive

__all__ = [
    "FEW",
    "Received",
    "at_once",
    "close_gate",
    "close_gates",
    "count_open",
    "declare",
    "declare_source",
    "forget_seen",
    "hold_states",
    "limit_source",
    "move_state",
    "open_gates",
    "receive",
    "taken_up",
]
