"""What the levers work from, and what a lever is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership
from reviewqueue.metrics.queries.levers import (
    queue_members,
    seen_since,
    who_could_help,
)
from reviewqueue.metrics.rules import (
    BoardNow,
    Change,
    Prediction,
    Seen,
)
from reviewqueue.triage.models import RoutingPolicy, RoutingRule, SamplingRate
from reviewqueue.triage.queries import current_policy


@dataclass(slots=True)
class Desk:
    """What every lever works from, read once a page."""

    viewer: Viewer
    board: BoardNow
    before: Prediction
    policy: RoutingPolicy | None
    rules: list[RoutingRule]
    seen: list[Seen]
    colleagues: list[Membership]
    members: dict[UUID, set[UUID]]
    usual: "Lever | None" = None

    @classmethod
    def of(cls, viewer: Viewer, board: BoardNow, before: Prediction) -> "Desk":
        """Read what the levers need."""
        policy = current_policy(viewer.workspace_id)
        rules = sorted(policy.rules.all(), key=lambda rule: rule.position) if policy else []
        seen = seen_since(viewer=viewer, since=board.day.start) if policy else []
        return cls(viewer, board, before, policy, rules, seen, list(who_could_help(viewer)), queue_members(viewer))

    @property
    def rates(self) -> list[SamplingRate]:
        """The sampling rates of single sources and model versions."""
        return list(self.policy.rates.all()) if self.policy else []

    @property
    def now(self) -> datetime:
        """The moment everything on the page was counted."""
        return self.board.day.now


@dataclass(slots=True)
class Lever:
    """One lever as proposed: words, the change it makes to the arithmetic, and what its form offers."""

    kind: str
    title: str
    icon: str
    sentence: str
    possible: bool = True
    change: Change = field(default_factory=Change)
    after: Prediction | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    doing: Any = None
