"""The verbs that write people, their teams, and the ways in of programs."""

from ..rules import digest_of
from .calendars import add_absence, close_day, end_absence, open_day, set_shifts
from .handing_over import hand_over, read_hand_over
from .keys import (
    create_key,
    forget_asked,
    forget_use,
    keep_answer,
    limit_key,
    redact_answers,
    revoke_key,
    take_idempotency_key,
    tell_use,
)
from .members import FirstPassword, add_member, create_workspace, end_membership
from .signing_in import (
    MAX_FAILURES_PER_EMAIL,
    THROTTLE_WINDOW,
    TooManyTries,
    WrongPassword,
    change_password,
    check_password,
    forget_failures,
    prefer,
)
from .teams import (
    begin_dealing,
    change_team,
    create_team,
    end_dealing,
    end_team,
    join_team,
    leave_team,
    limit_hands,
    limit_person,
)

__all__ = [
    "MAX_FAILURES_PER_EMAIL",
    "THROTTLE_WINDOW",
    "FirstPassword",
    "TooManyTries",
    "WrongPassword",
    "add_absence",
    "add_member",
    "begin_dealing",
    "change_password",
    "change_team",
    "check_password",
    "close_day",
    "create_key",
    "create_team",
    "create_workspace",
    "digest_of",
    "end_absence",
    "end_dealing",
    "end_membership",
    "end_team",
    "forget_asked",
    "forget_failures",
    "forget_use",
    "hand_over",
    "join_team",
    "keep_answer",
    "leave_team",
    "limit_hands",
    "limit_key",
    "limit_person",
    "open_day",
    "prefer",
    "read_hand_over",
    "redact_answers",
    "revoke_key",
    "set_shifts",
    "take_idempotency_key",
    "tell_use",
]
