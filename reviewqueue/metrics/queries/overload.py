"""What an overload plan's thresholds measure."""

from datetime import datetime
from math import inf
from uuid import UUID

from reviewqueue.accounts.access import Viewer

from ..rules import BoardNow, predict, together
from ..rules.overload import MOST_MINUTES, Measured
from .board import board_now


def measured(*, workspace_id: UUID, watched_id: UUID | None, now: datetime) -> Measured:
    """Return how a workspace's lines stand: one queue's, or all of them together."""
    return measured_on(board_now(viewer=Viewer(workspace_id=workspace_id), now=now), watched_id)


def measured_on(board: BoardNow, watched_id: UUID | None) -> Measured:
    """Return the same from a board counted already."""
    queues = [one for one in board.queues if watched_id in {None, one.id}]
    told = predict(board).queues
    behind = together(told[one.id] for one in queues).behind
    minutes = MOST_MINUTES if behind == inf else min(int(behind // 60), MOST_MINUTES)
    return Measured(waiting=sum(one.count for one in queues), minutes_late=minutes)
