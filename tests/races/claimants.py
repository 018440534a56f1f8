"""One process of a crowd: its people claim, return, submit, or let their lease run out, until enough turns opened.

``python -m tests.races.claimants WANTED MEMBERSHIP...`` says ``ready``, begins when it is told to, and says in the
end how many turns it opened.
"""

import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
    django.setup()

from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.queues.models import Queue
from tests.steps import edit


class Tally:
    """How many turns were opened so far, by everybody of this process."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.opened, self.alone = wanted, 0, threading.Lock()

    def add(self) -> None:
        with self.alone:
            self.opened += 1

    @property
    def full(self) -> bool:
        return self.opened >= self.wanted


def work(member: Membership, queue: Queue, tally: Tally) -> None:
    """Claim; then return or submit some, and leave most to run out."""
    chance = random.Random(member.pk.int)
    try:
        while not tally.full:
            turn = pipeline.claim_next(membership=member, queues=[queue])
            if turn is None:
                time.sleep(0.01)  # everything is held at this moment
                continue
            tally.add()
            end(turn, member, chance.random())
    finally:
        connection.close()


def end(turn: Turn, member: Membership, drawn: float) -> None:
    try:
        if drawn < 0.02:
            pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=member.user, judgement=edit())
        elif drawn < 0.25:
            pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=member.user, reason="")
    except TurnOver:
        return  # it ran out, and somebody else began


def main(wanted: int, ids: list[str]) -> None:
    people = list(Membership.objects.select_related("user").filter(pk__in=ids))
    queue = Queue.objects.get(slug="support", workspace_id=people[0].workspace_id)
    connection.close()
    print("ready", flush=True)
    sys.stdin.readline()
    tally = Tally(wanted)
    with ThreadPoolExecutor(len(people)) as pool:
        for one in [pool.submit(work, member, queue, tally) for member in people]:
            one.result()
    print(tally.opened, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
