"""What workers do for people in the lifecycle: keep the hands of those present filled, take back from the absent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Team
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.models import Assignment, Presence
from tests.cast import Cast

PEOPLE = ("reviewer", "reviewer2", "lead")


class Dealt:
    """The rules of the machine in lifecycle.py that are about dealing."""

    cast: Cast
    now: datetime
    turns: list[Turn]
    step: Callable[..., Any]
    _is_not_stopped: Callable[[Turn], None]

    @rule(here=st.sets(st.sampled_from(PEOPLE), min_size=1))
    def deals(self, here: set[str]) -> None:
        self._dealt_to()
        for name in sorted(here):
            member = getattr(self.cast, name)
            Presence.objects.update_or_create(
                workspace_id=member.workspace_id, user_id=member.user_id, defaults={"seen_at": self.now}
            )
        before = set(self._open().values_list("pk", flat=True))
        self.step("deal", lambda: pipeline.deal(workspace_id=self.cast.workspace.pk, now=self.now))
        for one in self._open().exclude(pk__in=before).select_related("entry__item__source", "slot", "user"):
            assert one.slot.rank >= 0
            turn = Turn(one, one.fence, one.slot.expires_at, self.now)
            self._is_not_stopped(turn)
            self.turns.append(turn)

    def _dealt_to(self) -> None:
        if Team.objects.filter(workspace=self.cast.workspace).exists():
            return
        lead = self.cast.viewer("lead")
        team = accounts.create_team(name="Dealt to", by=lead, now=self.now)
        for name in PEOPLE:
            accounts.join_team(team=team, user_id=getattr(self.cast, name).user_id, by=lead, now=self.now)
        accounts.begin_dealing(team=team, by=lead, now=self.now)

    def _open(self) -> Any:
        return Assignment.objects.filter(workspace_id=self.cast.workspace.pk, ended_at=None, how="dealt")
