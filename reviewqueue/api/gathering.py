"""Single submissions that arrive at the same moment share one transaction.

Whoever comes while a transaction runs waits for it, and then stores everything that has gathered meanwhile. A client
alone waits for nobody; sixteen at once cost the database little more than two. Each is answered only after the
commit that holds its item.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts.models import Workspace
from reviewqueue.audit.actions import Actor
from reviewqueue.common import clock
from reviewqueue.intake.actions import Received
from reviewqueue.intake.models import Source
from reviewqueue.intake.rules import Submission


@dataclass(slots=True)
class _One:
    """A submission on its way, and what became of it."""

    workspace: Workspace
    submission: Submission
    source: Source
    by: Actor
    key_id: UUID | None
    received: Received | None = None
    error: BaseException | None = None

    @property
    def together(self) -> tuple[UUID, Actor, UUID | None]:
        """Submissions alike in this can be stored by one call."""
        return self.workspace.pk, self.by, self.key_id

    def result(self) -> Received:
        if self.error is not None:
            raise self.error
        assert self.received is not None
        return self.received


class Gathering:
    """What waits to be stored in this process."""

    def __init__(self) -> None:
        self._adding, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[_One] = []

    def submit(
        self,
        *,
        workspace: Workspace,
        submission: Submission,
        source: Source,
        by: Actor,
        key_id: UUID | None = None,
    ) -> Received:
        """Store one submission, perhaps with others; raises what its own storing raised.

        Inside a transaction of the caller's it is stored there, alone: it stands and falls with the rest of that.
        With ``key_id`` it is stored only if that key holds.
        """
        one = _One(workspace, submission, source, by, key_id)
        if connection.in_atomic_block:
            _store([one])
            return one.result()
        with self._adding:
            self._waiting.append(one)
        with self._turn:
            if one.received is None and one.error is None:
                self._store_all()
        return one.result()

    def _store_all(self) -> None:
        with self._adding:
            gathered, self._waiting = self._waiting, []
        groups: defaultdict[tuple[UUID, Actor, UUID | None], list[_One]] = defaultdict(list)
        for one in gathered:
            groups[one.together].append(one)
        for group in groups.values():
            _store(group)


def _store(group: Sequence[_One]) -> None:
    """Store a group; when that fails, each alone, so that nobody pays for another's fault."""
    first = group[0]
    try:
        answers = pipeline.submit_items(
            workspace=first.workspace,
            submissions=[one.submission for one in group],
            sources={one.submission.source: one.source for one in group},
            by=first.by,
            now=clock.now(),
            key_id=first.key_id,
        )
    except BaseException as error:
        if len(group) == 1:
            first.error = error
            return
        for one in group:
            _store([one])
        return
    for one, received in zip(group, answers, strict=True):
        one.received = received
