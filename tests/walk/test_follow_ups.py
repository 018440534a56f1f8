"""A wrong answer that somebody already got: it has an owner and a promise, until it is made good."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM, person
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict, NotAllowed
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.bodies import bodies_of
from reviewqueue.delivery.models import Message
from reviewqueue.intake.models import Gate, Item
from reviewqueue.pipeline.following_up import DUE_AFTER
from reviewqueue.review.models import FollowUp
from reviewqueue.review.queries import follow_ups_visible_to
from reviewqueue.triage.models import Signal
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

LATER = NOW + timedelta(minutes=5)


def wrong(cast: Cast, **more: Any) -> None:
    """Publish a correction that asks for a follow-up."""
    queued(cast, **more)
    settle(cast, cast.reviewer, edit(follow_up=True))
    publish(cast)


def test_a_wrong_answer_that_was_given_opens_one_that_nobody_has_yet(cast: Cast) -> None:
    wrong(cast)
    opened = FollowUp.objects.get()
    assert (opened.owner, opened.done_at, opened.due_at - opened.opened_at) == (None, None, DUE_AFTER)
    assert Event.objects.filter(verb="open_follow_up", item_id=opened.item_id).count() == 1


def test_only_when_the_review_asks_for_it(cast: Cast) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    assert not FollowUp.objects.exists()


def test_what_was_undone_in_time_never_opens_one(cast: Cast) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit(follow_up=True))
    assert not FollowUp.objects.exists()
    pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=NOW + timedelta(seconds=4))
    publish(cast)
    assert not FollowUp.objects.exists()


def gated(cast: Cast, **gate: Any) -> Item:
    """Place an item as if its answer were held (its gate is given here, whatever triage thinks of duty)."""
    (received,) = queued(cast)
    Gate.objects.create(
        item_id=received.id,
        workspace_id=cast.workspace.pk,
        **{"deadline_at": NOW + timedelta(minutes=2), "on_timeout": "withhold", **gate},
    )
    return Item.objects.get(pk=received.id)


def settle_and_publish(cast: Cast, *, now: Any = NOW) -> None:
    settle(cast, cast.reviewer, edit(follow_up=True), now=now)
    publish(cast, now=now)


def test_a_held_answer_that_nobody_got_needs_none(cast: Cast) -> None:
    gated(cast)
    settle_and_publish(cast)
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(("on_timeout", "given"), [("pass", True), ("withhold", False)])
def test_after_a_deadline_it_depends_on_what_was_given_instead(cast: Cast, on_timeout: str, given: bool) -> None:
    gated(cast, on_timeout=on_timeout)
    late = NOW + timedelta(minutes=3)
    pipeline.time_out_due(now=late)
    settle_and_publish(cast, now=late)
    assert FollowUp.objects.exists() == given


def test_a_held_answer_that_triage_let_pass_was_given(cast: Cast) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    triage()
    Gate.objects.create(
        item_id=received.id,
        workspace_id=cast.workspace.pk,
        deadline_at=NOW,
        on_timeout="withhold",
        closed_at=NOW,
        closed_because="passed",
    )
    pipeline.signal(item=Item.objects.get(), kind=Signal.Kind.RECONTACT, by=SYSTEM, now=NOW)
    settle_and_publish(cast)
    assert FollowUp.objects.exists()


def test_somebody_takes_it_and_says_what_was_done(cast: Cast) -> None:
    wrong(cast)
    opened = FollowUp.objects.get()
    pipeline.take_follow_up(follow_up=opened, to=cast.reviewer.user, by=cast.viewer("reviewer"), now=LATER)
    opened.refresh_from_db()
    assert (opened.owner, opened.taken_at) == (cast.reviewer.user, LATER)
    mine = person(cast.reviewer.user_id)
    pipeline.finish_follow_up(follow_up=opened, by=mine, user=cast.reviewer.user, note="Called.", now=LATER)
    opened.refresh_from_db()
    assert (opened.done_by, opened.done_at, opened.content.note) == (cast.reviewer.user, LATER, "Called.")
    with pytest.raises(Conflict, match="done already"):
        pipeline.finish_follow_up(follow_up=opened, by=mine, user=cast.reviewer.user, now=LATER)


def test_two_who_take_it_at_once_do_not_both_have_it(cast: Cast) -> None:
    wrong(cast)
    mine, theirs = FollowUp.objects.get(), FollowUp.objects.get()  # both saw it without an owner
    pipeline.take_follow_up(follow_up=mine, to=cast.reviewer.user, by=cast.viewer("reviewer"), now=LATER)
    with pytest.raises(Conflict, match="Somebody else"):
        pipeline.take_follow_up(follow_up=theirs, to=cast.lead.user, by=cast.viewer("lead"), now=LATER)


def test_its_owner_or_a_lead_hands_it_on_to_somebody_who_reviews_here(cast: Cast) -> None:
    wrong(cast)
    opened = FollowUp.objects.get()
    pipeline.take_follow_up(follow_up=opened, to=cast.reviewer.user, by=cast.viewer("reviewer"), now=LATER)
    opened.refresh_from_db()
    with pytest.raises(NotAllowed):
        pipeline.take_follow_up(follow_up=opened, to=cast.reviewer2.user, by=cast.viewer("reviewer2"), now=LATER)
    for nobody in (cast.ml.user, cast.stranger.user):
        with pytest.raises(Conflict, match="does not review"):
            pipeline.take_follow_up(follow_up=opened, to=nobody, by=cast.viewer("lead"), now=LATER)
    pipeline.take_follow_up(follow_up=opened, to=cast.reviewer2.user, by=cast.viewer("lead"), now=LATER)
    opened.refresh_from_db()
    assert opened.owner == cast.reviewer2.user


def test_done_by_mistake_it_opens_again_and_what_was_written_stays(cast: Cast) -> None:
    wrong(cast)
    opened = FollowUp.objects.get()
    mine = person(cast.reviewer.user_id)
    pipeline.finish_follow_up(follow_up=opened, by=mine, user=cast.reviewer.user, note="Called.", now=LATER)
    opened.refresh_from_db()
    with pytest.raises(NotAllowed):
        pipeline.reopen_follow_up(follow_up=opened, by=cast.viewer("reviewer2"), now=LATER)
    pipeline.reopen_follow_up(follow_up=opened, by=cast.viewer("reviewer"), now=LATER)
    opened.refresh_from_db()
    assert (opened.done_at, opened.owner, opened.content.note) == (None, cast.reviewer.user, "Called.")


def test_each_sees_what_is_theirs_to_do(cast: Cast) -> None:
    wrong(cast)
    seen = {
        name: follow_ups_visible_to(cast.viewer(name)).exists()
        for name in ("lead", "admin", "auditor", "ml", "reviewer", "reviewer2", "stranger")
    }
    assert seen == {
        "lead": True,
        "admin": True,
        "auditor": True,
        "ml": True,
        "reviewer": True,
        "reviewer2": False,
        "stranger": False,
    }


def test_the_webhook_tells_of_it_with_the_outcome(cast: Cast) -> None:
    add_webhook(
        workspace_id=cast.workspace.pk,
        url="https://bot.example/hook",
        events=["follow_up.opened"],
        by=None,
        actor=SYSTEM,
        now=NOW,
    )
    wrong(cast)
    messages = list(Message.objects.select_related("item__source"))
    (body,) = bodies_of(messages).values()
    told = orjson.loads(body)
    assert told["type"] == "follow_up.opened"
    assert told["data"]["follow_up"] == str(FollowUp.objects.get().pk)
    assert told["data"]["outcome"]["final"] == {"content": "It will arrive on Monday."}


def test_a_second_wrong_outcome_of_an_item_opens_another(cast: Cast) -> None:
    wrong(cast)
    pipeline.signal(item=Item.objects.get(), kind=Signal.Kind.COMPLAINT, by=SYSTEM, now=LATER)
    assert claim(cast, cast.reviewer, now=LATER) is None
    settle(cast, cast.reviewer2, edit("Never.", follow_up=True), now=LATER)
    publish(cast, now=LATER)
    assert FollowUp.objects.count() == 2
