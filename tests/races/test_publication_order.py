"""What is visible outside is in commit order (I-25): who follows the feed misses nothing and sees nothing twice."""

import random
import threading
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.common import clock
from reviewqueue.review import actions as judging
from reviewqueue.review.actions import TooLateToUndo
from reviewqueue.review.models import DuePublication, Publication, Undo
from tests.cast import Cast
from tests.races.crowd import reviewers, scaled, together
from tests.steps import edit, queued

CLIENTS = 16
#: What a reader knows of a publication: its position, its item, and the version.
Seen = tuple[int, UUID, int]


@pytest.fixture
def hasty(settings) -> None:
    """The time to undo is short enough that undo and publication meet."""
    settings.UNDO_SECONDS = 0.4


class Busy:
    """Who is still at work; publishers and the reader go on until nobody is, and one round more."""

    def __init__(self, people: int) -> None:
        self.left, self.alone = people, threading.Lock()

    def leave(self) -> None:
        with self.alone:
            self.left -= 1


def judge_all(cast: Cast, member: Membership, busy: Busy) -> None:
    """Settle what there is; take about every third outcome back, then settle it again."""
    chance = random.Random(member.pk.int)
    try:
        while turn := pipeline.claim_next(membership=member, queues=[cast.support]):
            outcome = settle(turn, member)
            if chance.random() < 0.35 and (again := take_back(outcome, member)):
                settle(again, member)
    finally:
        busy.leave()


def settle(turn, member: Membership):
    done = pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=member.user, judgement=edit())
    return done.outcome


def take_back(outcome, member: Membership):
    try:
        return pipeline.undo(outcome=outcome, by=member.user, now=clock.now())
    except TooLateToUndo:
        return None


def publish_until_quiet(cast: Cast, busy: Busy) -> None:
    while busy.left > 0 or DuePublication.objects.exists():
        pipeline.publish(workspace_id=cast.workspace.pk, now=clock.now())


def follow(cast: Cast, busy: Busy) -> list[Seen]:
    """Follow the feed as a client does: always what lies behind the last cursor, through the API."""
    seen: list[Seen] = []
    client, since = Client(headers={"authorization": f"Bearer {cast.key}"}), ""
    while True:
        quiet = busy.left <= 0 and not DuePublication.objects.exists()
        page = client.get("/api/v1/corrections", {"since": since, "limit": 7}).json()
        since = page["next"]
        seen += [(row["position"], UUID(row["item"]), row["version"]) for row in page["results"]]
        if quiet and not page["more"]:
            return seen


def land(cast: Cast, count: int) -> list[Seen]:
    """Let outcomes land from all clients while three sweepers publish; return what the reader saw."""
    queued(cast, count)
    crowd = reviewers(cast, CLIENTS)
    busy = Busy(CLIENTS)
    steps: list[Callable] = [lambda m=m: judge_all(cast, m, busy) for m in crowd]
    answers = together(lambda: follow(cast, busy), *[lambda: publish_until_quiet(cast, busy)] * 2, *steps)
    assert [one for one in answers if isinstance(one, Exception)] == []
    return answers[0]


def published() -> list[Seen]:
    rows = Publication.objects.order_by("position")
    return list(rows.values_list("position", "item_id", "outcome__version"))


def test_a_reader_who_follows_the_feed_misses_nothing(cast: Cast, hasty: None) -> None:
    count = scaled(240)
    seen = land(cast, count)
    undone = set(Undo.objects.values_list("outcome__item_id", "outcome__version"))
    assert seen == published()
    assert [position for position, _, _ in seen] == list(range(1, count + 1))
    assert undone
    assert undone.isdisjoint((item, version) for _, item, version in seen)


def test_positions_of_a_sequence_would_be_skipped(cast: Cast, hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: positions from a sequence without the advisory lock become visible out of order."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE control_position")
    monkeypatch.setattr(judging, "publish_due", publish_without_order)
    try:
        assert land(cast, 240) != published()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE control_position")


def publish_without_order(*, workspace_id: UUID, now: datetime, limit: int = 7) -> list[Publication]:
    assert transaction.get_connection().in_atomic_block
    due = DuePublication.objects.filter(workspace_id=workspace_id, due_at__lte=now).select_related("outcome")
    rows = []
    for one in due.select_for_update(skip_locked=True, of=("self",))[:limit]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('control_position')")
            position = cursor.fetchone()[0]
        item_id = one.outcome.item_id
        rows.append(
            Publication.objects.create(
                workspace_id=workspace_id,
                outcome=one.outcome,
                item_id=item_id,
                position=position,
                published_at=now,
            )
        )
        one.delete()
    return rows
