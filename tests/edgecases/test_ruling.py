"""An owner rules once for everything that asks the same: settled one by one, foreseen, resumed, taken back."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.common.errors import Conflict, Invalid
from reviewqueue.edgecases.actions import Said
from reviewqueue.edgecases.models import EdgeCaseItem
from reviewqueue.edgecases.queries import members_of
from reviewqueue.intake.queries import state_of
from reviewqueue.review.models import Escalation, FollowUp, Outcome
from reviewqueue.review.queries import final_of
from tests.cast import NOW, Cast, item
from tests.edgecases.steps import APPROVE, REJECT, WORDS, asked, items, opened
from tests.steps import publish

CANDIDATES = {"candidates": [{"id": "a", "content": "Yes."}, {"id": "b", "content": "No."}]}


def ruled(cast: Cast, case, said=REJECT, *, now=NOW):
    ruling = pipeline.rule(case=case, said=said, by=cast.viewer("lead"), now=now)
    pipeline.settle_ruled(now=now)
    return ruling


def test_a_ruling_settles_every_item_of_the_case(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(3)))
    ruled(cast, case)
    outcomes = list(Outcome.objects.all())
    assert [(one.basis, one.decision, one.severity, one.reviewers) for one in outcomes] == [
        ("ruling", "reject", "major", 1)
    ] * 3
    assert {state_of(one.item_id) for one in outcomes} == {"settled"}
    assert not Escalation.objects.filter(ended_at=None).exists()
    assert len(publish(cast)) == 3


def test_what_is_foreseen_is_what_happens(cast: Cast) -> None:
    first, second, third = asked(cast, *items(3))
    case = opened(cast, [first, second, third])
    pipeline.take_escalation(escalation=second, to=cast.admin.user, by=cast.viewer("lead"), now=NOW)
    pipeline.take_escalation(escalation=third, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)
    foreseen = pipeline.foresee(case=case, said=APPROVE, by=cast.lead.user)
    assert [one.passed_over for one in foreseen] == ["", "held", ""]
    assert not Outcome.objects.exists()
    ruled(cast, case, APPROVE)
    assert [one.passed_over for one in members_of(case)] == [one.passed_over for one in foreseen]
    assert state_of(second.item_id) == "escalated"
    assert Outcome.objects.count() == 2


def test_an_edit_goes_where_it_fits_and_leaves_the_rest_to_a_lead(cast: Cast) -> None:
    """What says so already, and what takes another form than a text, keeps its single decision."""
    answer = "Please ask the shop where you bought it."
    said_so = item("conv-1", output={"content": answer})
    chosen = item("conv-2", kind="comparison", output=CANDIDATES)
    escalations = asked(cast, item("conv-0"), said_so, chosen)
    case = opened(cast, escalations)
    ruled(cast, case, Said(decision="edit", severity="minor", answer=answer, words=WORDS))
    assert [one.passed_over for one in members_of(case)] == ["", "does_not_fit", "does_not_fit"]
    outcome = Outcome.objects.get()
    assert (outcome.changed, final_of(outcome)) == (True, {"content": answer})


def test_killed_in_the_middle_it_goes_on_where_it_stopped(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(3)))
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    assert pipeline.settle_ruled(now=NOW, most=1) == 1
    assert Outcome.objects.count() == 1
    assert pipeline.settle_ruled(now=NOW) == 2
    assert pipeline.settle_ruled(now=NOW) == 0
    assert Outcome.objects.count() == 3


def test_taken_back_within_ten_seconds_everything_waits_for_the_leads_again(cast: Cast) -> None:
    escalations = asked(cast, *items(3))
    case = opened(cast, escalations)
    ruling = pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    pipeline.settle_ruled(now=NOW, most=2)
    soon = NOW + timedelta(seconds=5)
    assert pipeline.take_back(ruling=ruling, by=cast.viewer("lead"), now=soon) == 2
    assert pipeline.settle_ruled(now=soon) == 0
    assert {state_of(one.item_id) for one in escalations} == {"escalated"}
    assert Escalation.objects.filter(ended_at=None).count() == 3
    assert publish(cast) == []
    again = ruled(cast, case, APPROVE, now=soon)
    assert (again.version, Outcome.objects.filter(decision="approve").count()) == (2, 3)
    assert len(publish(cast, now=soon)) == 3


def test_what_has_been_sent_is_not_taken_back(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(1)))
    ruling = ruled(cast, case)
    publish(cast)
    with pytest.raises(Conflict):
        pipeline.take_back(ruling=ruling, by=cast.viewer("lead"), now=NOW + timedelta(seconds=20))
    case.refresh_from_db()
    assert case.ruled_at == NOW


def test_what_a_lead_decided_meanwhile_stays_as_decided(cast: Cast) -> None:
    (one,) = asked(cast, *items(1))
    case = opened(cast, [one])
    pipeline.hand_back(escalation=one, by=cast.viewer("lead"), now=NOW)
    ruled(cast, case)
    assert EdgeCaseItem.objects.get().passed_over == "gone"
    assert not Outcome.objects.exists()


def test_a_ruling_says_what_is_missing(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(1)))
    for said, place in (
        (Said(decision="reject", words=WORDS), "#/severity"),
        (Said(decision="edit", severity="minor", words=WORDS), "#/correction/content"),
        (Said(decision="approve", words={}), "#/words"),
        (Said(decision="approve", reason_codes=["unheard-of"], words=WORDS), "#/reason_codes"),
    ):
        with pytest.raises(Invalid) as refused:
            pipeline.rule(case=case, said=said, by=cast.viewer("lead"), now=NOW)
        assert place in [one.pointer for one in refused.value.places]


def test_a_follow_up_is_opened_for_each_customer_who_got_it(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(2)))
    said = Said(decision="reject", severity="major", follow_up=True, words=WORDS)
    ruled(cast, case, said)
    publish(cast)
    assert FollowUp.objects.count() == 2


def test_an_escalation_is_in_one_case_at_a_time(cast: Cast) -> None:
    escalations = asked(cast, *items(2))
    first, second = opened(cast, escalations), opened(cast, escalations[:1])
    assert [one.escalation for one in members_of(first)] == escalations[1:]
    assert [one.escalation for one in members_of(second)] == escalations[:1]
    assert pipeline.add_to_case(case=first, escalations=escalations, by=cast.viewer("lead"), now=NOW) == 1
    assert not members_of(second).exists()


def test_a_dismissed_case_frees_its_items_and_opens_again(cast: Cast) -> None:
    case = opened(cast, asked(cast, *items(1)))
    lead = cast.viewer("lead")
    pipeline.dismiss_case(case=case, because="Twice the same.", by=lead, now=NOW)
    assert not members_of(case).exists()
    with pytest.raises(Conflict):
        pipeline.rule(case=case, said=REJECT, by=lead, now=NOW)
    pipeline.reopen_case(case=case, by=lead, now=NOW)
    pipeline.rule(case=case, said=REJECT, by=lead, now=NOW)


def test_items_that_fail_never_keep_the_others_from_theirs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fail, and however few are settled at a time."""
    case = opened(cast, asked(cast, *items(5)))
    failing = set(EdgeCaseItem.objects.order_by("added_at", "pk").values_list("item_id", flat=True)[:4])
    settle = pipeline.ruling.settle_item

    def faulty(**given):
        assert given["item"].pk not in failing, "a fault of ours"
        return settle(**given)

    monkeypatch.setattr(pipeline.ruling, "settle_item", faulty)
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)
    pipeline.settle_ruled(now=NOW, most=2)
    assert EdgeCaseItem.objects.filter(settled_at__isnull=False).count() == 1
