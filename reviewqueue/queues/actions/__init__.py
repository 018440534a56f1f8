"""The verbs that configure queues: how they work, who takes from them, what reviewers heed and can point at."""

from .queues import (
    Settings,
    StoppedAlready,
    add_queue,
    begin_stop,
    change_queue,
    create_queue,
    end_promise,
    end_stop,
    join_queue,
    leave_queue,
    note_held_back,
    note_let_go,
    set_promise,
    write_rubric,
)
from .reasons import (
    add_reason,
    bring_back_reason,
    change_reason,
    move_reason,
    name_reasons,
    retire_reason,
)

__all__ = [
    "Settings",
    "StoppedAlready",
    "add_queue",
    "add_reason",
    "begin_stop",
    "bring_back_reason",
    "change_queue",
    "change_reason",
    "create_queue",
    "end_promise",
    "end_stop",
    "join_queue",
    "leave_queue",
    "move_reason",
    "name_reasons",
    "note_held_back",
    "note_let_go",
    "retire_reason",
    "set_promise",
    "write_rubric",
]
