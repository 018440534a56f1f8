"""Many items at once: foreseen, done item by item, by a worker when they are many, and taken back where that fits."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.models import Assignment, BulkAction, BulkStep, Hold, Slot
from reviewqueue.assignment.standing import Asked
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict, Invalid
from reviewqueue.intake.models import Item, ItemState
from reviewqueue.pipeline import bulk as doing
from reviewqueue.pipeline import bulk_pages
from reviewqueue.review.models import Outcome
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.steps import claim, edit, held_item, hold, on_duty, queued, settle

LATER = NOW + timedelta(minutes=5)
RAISE = Asked("raise", minutes=60)


def waiting(cast: Cast, count: int) -> list:
    return [one.id for one in queued(cast, count)]


def to_careful(cast: Cast) -> Asked:
    return Asked("move", queue=cast.careful)


def begin(cast: Cast, asked: Asked, ids: list, reason: str = "The strike is over.", now=NOW) -> BulkAction:
    return pipeline.begin_bulk(asked=asked, item_ids=ids, reason=reason, by=cast.viewer("lead"), now=now)


def undo(cast: Cast, action: BulkAction, now=LATER) -> Counter[str]:
    """Take an action back; return how many were, under "", and how many not, by why."""
    pipeline.undo_bulk(action=action, by=cast.viewer("lead"), now=now)
    while pipeline.do_bulk(now=now):
        pass
    return Counter(
        BulkStep.objects.filter(action=action, done_at__isnull=False).values_list("undo_refused", flat=True)
    )


def refusals(action: BulkAction) -> Counter[str]:
    return Counter(BulkStep.objects.filter(action=action).values_list("refused", flat=True))


def picture() -> list[tuple]:
    """Return where everything waits, and how."""
    open_stays = QueueEntry.objects.filter(ended_at=None).order_by("item_id")
    return list(open_stays.values_list("item_id", "pk", "queue_id", "rank", "ahead_minutes"))


# --- foreseen, and done so ----------------------------------------------------------------------------------------


def test_what_is_foreseen_is_what_is_done(cast: Cast) -> None:
    ids = waiting(cast, 5)
    settle(cast, cast.reviewer, edit())
    turn = claim(cast, cast.reviewer)
    pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="?", now=NOW)
    pipeline.hold(item=Item.objects.get(pk=ids[2]), until=None, by=cast.viewer("lead"), now=NOW)
    before = picture()
    foreseen = pipeline.foresee_bulk(asked=to_careful(cast), item_ids=ids, by=cast.viewer("lead"))
    assert picture() == before
    action = begin(cast, to_careful(cast), ids)
    assert foreseen == refusals(action) == Counter({"": 2, "gone": 1, "with_a_lead": 1, "on_hold": 1})
    assert action.finished_at == NOW
    assert QueueEntry.objects.filter(queue=cast.careful, ended_at=None).count() == 2


def test_every_item_has_its_own_line_in_the_trail_and_the_action_one(cast: Cast) -> None:
    ids = waiting(cast, 3)
    action = begin(cast, RAISE, ids)
    assert set(Event.objects.filter(verb="raise").values_list("item_id", flat=True)) == set(ids)
    assert {one.data["action"] for one in Event.objects.filter(verb="raise")} == {str(action.pk)}
    assert Event.objects.get(verb="bulk").data == {"does": "raise", "items": 3}
    assert "strike" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("asked", "reason", "place"),
    [
        (Asked("raise", minutes=0), "why", "#/minutes"),
        (Asked("raise", minutes=60), "  ", "#/reason"),
        (Asked("move"), "why", "#/queue"),
        (Asked("reassign"), "", "#/to"),
        (Asked("hold", until=NOW), "why", "#/until"),
        (Asked("hold", until=NOW + timedelta(days=91)), "why", "#/until"),
    ],
)
def test_an_incomplete_request_says_what_is_missing_and_does_nothing(
    cast: Cast, asked: Asked, reason: str, place: str
) -> None:
    ids = waiting(cast, 1)
    with pytest.raises(Invalid) as refused:
        begin(cast, asked, ids, reason)
    assert [one.pointer for one in refused.value.places] == [place]
    assert not BulkAction.objects.exists()


def test_no_items_and_too_many_are_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doing, "MOST", 2)
    for ids in ([], waiting(cast, 3)):
        with pytest.raises(Invalid):
            begin(cast, RAISE, ids)


# --- many of them: a worker ---------------------------------------------------------------------------------------


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than two be many."""
    monkeypatch.setattr(doing, "AT_ONCE", 2)


def test_many_are_left_to_a_worker_page_by_page(cast: Cast, few_at_once: None) -> None:
    ids = waiting(cast, 5)
    action = begin(cast, RAISE, ids)
    assert action.finished_at is None
    assert QueueEntry.objects.filter(ahead_minutes=60).count() == 0
    assert [pipeline.do_bulk(now=LATER, most=2) for _page in range(4)] == [2, 2, 1, 0]
    action.refresh_from_db()
    assert action.finished_at == LATER
    assert QueueEntry.objects.filter(ahead_minutes=60).count() == 5


def test_a_fault_at_one_item_leaves_that_one_as_it_was_and_the_others_are_done(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = waiting(cast, 3)
    faultless = bulk_pages.DO[doing.Verb.RAISE]

    def faulty(steps, by, now):
        done = faultless(steps, by, now)
        if ids[1] in [one.item_id for one in steps]:
            raise RuntimeError("a fault of ours")
        return done

    monkeypatch.setitem(bulk_pages.DO, doing.Verb.RAISE, faulty)
    action = begin(cast, RAISE, ids)
    assert refusals(action) == Counter({"": 2, "failed": 1})
    assert QueueEntry.objects.get(item_id=ids[1]).ahead_minutes == 0
    assert action.finished_at == NOW


def test_who_is_no_lead_any_more_does_nothing_more(cast: Cast, few_at_once: None) -> None:
    action = begin(cast, RAISE, waiting(cast, 3))
    Membership.objects.filter(pk=cast.lead.pk).update(role="reviewer")
    pipeline.do_bulk(now=LATER)
    assert refusals(action) == Counter({"not_allowed": 3})


def test_a_page_is_done_in_few_statements_however_many_items_it_has(cast: Cast) -> None:
    ids = waiting(cast, 30)
    few, many = statements_of(begin_all(cast, ids[:5])), statements_of(begin_all(cast, ids[5:]))
    assert QueueEntry.objects.filter(queue=cast.careful, ended_at=None).count() == 30
    assert Event.objects.filter(verb="move").count() == 30
    assert many <= few + 5, "not one for each of twenty items more"


def begin_all(cast: Cast, ids: list) -> BulkAction:
    """Ask for items to be moved, and leave it to a worker."""
    asked = {"asked": to_careful(cast), "item_ids": ids, "reason": "Wrong line.", "at": NOW}
    return shifting.open_action(workspace_id=cast.workspace.pk, by=cast.lead.user, **asked)


def statements_of(action: BulkAction) -> int:
    with CaptureQueriesContext(connection) as statements:
        pipeline.do_bulk(now=NOW, action=action)
    return len(statements)


# --- taken back ---------------------------------------------------------------------------------------------------


def test_a_raise_is_taken_back_but_not_where_somebody_raised_it_again(cast: Cast) -> None:
    ids = waiting(cast, 3)
    before = picture()
    action = begin(cast, RAISE, ids)
    pipeline.raise_rank(item=Item.objects.get(pk=ids[1]), minutes=5, by=cast.viewer("lead"), now=NOW)
    assert undo(cast, action) == Counter({"": 2, "changed": 1})
    assert [row for row in picture() if row[0] != ids[1]] == [row for row in before if row[0] != ids[1]]
    action.refresh_from_db()
    assert action.undone_at == LATER


def test_a_move_is_taken_back_into_the_very_stay_with_its_reviews(cast: Cast) -> None:
    ids = [one.id for one in queued(cast, 2, risk={"level": "high"})]
    turn = claim(cast, cast.reviewer, queue="careful")
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW
    )
    before = picture()
    action = begin(cast, Asked("move", queue=cast.support), ids)
    assert undo(cast, action) == Counter({"": 2})
    assert picture() == before
    second = claim(cast, cast.reviewer2, queue="careful")
    done = pipeline.submit_review(
        assignment=second.assignment, fence=second.fence, by=cast.reviewer2.user, judgement=edit(), now=NOW
    )
    assert done.outcome is not None
    assert (done.outcome.basis, done.outcome.reviewers) == ("agreement", 2)


def test_what_was_taken_reviewed_or_settled_since_stays_where_it_is_and_is_listed(cast: Cast) -> None:
    ids = waiting(cast, 4)
    action = begin(cast, Asked("move", queue=cast.careful), ids)
    claim(cast, cast.reviewer, queue="careful")
    for who in (cast.reviewer2, cast.lead):
        turn = claim(cast, who, queue="careful")
        pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=who.user, judgement=edit(), now=NOW)
    assert undo(cast, action)[""] < 4
    assert undo_is_listed(action)
    assert ItemState.objects.filter(state="queued").count() + ItemState.objects.filter(state="in_review").count() >= 3


def test_what_somebody_has_put_aside_since_it_was_moved_stays_aside(cast: Cast) -> None:
    ids = waiting(cast, 2)
    action = begin(cast, Asked("move", queue=cast.careful), ids)
    turn = claim(cast, cast.reviewer, queue="careful")
    later = NOW + timedelta(hours=1)
    pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=later, now=NOW)
    assert undo(cast, action) == Counter({"": 1, "changed": 1})
    aside = Slot.objects.get(held_until=later)
    assert (aside.item_id, aside.closed_at) == (turn.assignment.item_id, None)


def undo_is_listed(action: BulkAction) -> bool:
    """Return whether every step is either taken back, or says why not."""
    steps = BulkStep.objects.filter(action=action, done_at__isnull=False)
    return all((one.undone_at is not None) != bool(one.undo_refused) for one in steps)


def test_a_hold_is_lifted_and_a_lifted_one_holds_again(cast: Cast) -> None:
    ids = waiting(cast, 2)
    held = begin(cast, Asked("hold", until=NOW + timedelta(hours=1)), ids)
    lifted = begin(cast, Asked("release_hold"), ids[:1], "")
    assert undo(cast, lifted) == Counter({"": 1})
    assert Hold.objects.filter(ended_at=None).count() == 2
    assert undo(cast, held) == Counter({"": 1, "changed": 1})
    assert claim(cast, cast.reviewer).assignment.item_id == ids[1]


def test_what_was_given_goes_back_to_whoever_had_it(cast: Cast) -> None:
    ids = waiting(cast, 3)
    first = claim(cast, cast.reviewer).assignment
    action = begin(cast, Asked("reassign", to=cast.reviewer2.user), ids, "")
    assert Assignment.objects.filter(user=cast.reviewer2.user, ended_at=None).count() == 3
    done = Assignment.objects.filter(user=cast.reviewer2.user, ended_at=None).exclude(item_id=first.item_id).first()
    pipeline.submit_review(assignment=done, fence=done.fence, by=done.user, judgement=edit(), now=NOW)
    assert undo(cast, action) == Counter({"": 2, "changed": 1})
    assert Assignment.objects.get(ended_at=None).user_id == cast.reviewer.user_id
    assert Outcome.objects.count() == 1


def test_taken_back_in_the_middle_the_rest_is_never_done(cast: Cast, few_at_once: None) -> None:
    ids = waiting(cast, 5)
    action = begin(cast, RAISE, ids)
    pipeline.do_bulk(now=NOW, most=2)
    undo(cast, action)
    assert refusals(action) == Counter({"cancelled": 3, "": 2})
    assert not QueueEntry.objects.exclude(ahead_minutes=0).exists()
    action.refresh_from_db()
    assert (action.finished_at, action.undone_at) == (LATER, LATER)
    with pytest.raises(Conflict):
        pipeline.undo_bulk(action=action, by=cast.viewer("lead"), now=LATER)


def test_what_was_answered_for_people_meanwhile_comes_back_to_its_ordinary_place(cast: Cast) -> None:
    """Nobody waits for it any more, so it does not lie ahead of everything."""
    on_duty(cast.reviewer, cast.reviewer2)
    (held,) = hold(cast, held_item())
    action = begin(cast, to_careful(cast), [held.id])
    assert QueueEntry.objects.get(ended_at=None).rank < 0
    pipeline.time_out_due(now=LATER)
    place = QueueEntry.objects.get(ended_at=None).rank
    assert place > 0
    assert undo(cast, action, LATER) == Counter({"": 1})
    stay = QueueEntry.objects.get(ended_at=None)
    assert (stay.queue, stay.rank) == (cast.support, place)
    assert set(stay.slots.filter(closed_at=None).values_list("rank", flat=True)) == {place}


def test_what_was_said_to_be_wrong_meanwhile_comes_back_as_urgent(cast: Cast) -> None:
    ids = waiting(cast, 1)
    action = begin(cast, to_careful(cast), ids)
    pipeline.signal(item=Item.objects.get(pk=ids[0]), kind="complaint", by=SYSTEM, now=LATER)
    place = QueueEntry.objects.get(ended_at=None).rank
    undo(cast, action)
    assert QueueEntry.objects.get(ended_at=None).rank == place
