"""A member, on a page: a lead says which skills and languages they review in, and from which queues they take."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.audit.models import Event
from reviewqueue.queues.actions import leave_queue
from reviewqueue.queues.models import QueueMember
from tests.cast import NOW, Cast
from tests.detectors.steps import activate, rule
from tests.steps import claim, queued

Browser = Callable[[str], Client]


def page(member: Membership) -> str:
    return f"/settings/members/{member.pk}/"


def said(cast: Cast, **changes) -> dict:
    """Return the form as a browser sends it."""
    taken = list(taken_from(cast))
    return {"role": "reviewer", "skills": "", "languages": "", "queue": taken, "took": taken, **changes}


def taken_from(cast: Cast) -> set[str]:
    rows = QueueMember.objects.filter(user=cast.reviewer.user, ended_at=None)
    return set(rows.values_list("queue__slug", flat=True))


def asks(cast: Cast, **what) -> None:
    activate(cast, rule("All", [{"field": "confidence", "op": "below", "value": 0.9}], cast.support, **what))


@pytest.mark.parametrize(
    ("needs", "typed"),
    [
        ({"required_skills": ["refunds"]}, {"skills": " refunds , gift cards,refunds,"}),
        ({"language": "de"}, {"languages": "en, de"}),
    ],
)
def test_who_gets_what_a_rule_asks_for_takes_its_items(
    cast: Cast, browser: Browser, needs: dict, typed: dict
) -> None:
    asks(cast, **needs)
    queued(cast)
    assert claim(cast, Membership.objects.get(pk=cast.reviewer.pk)) is None
    client = browser("lead")
    known = "Known here: refunds" if "required_skills" in needs else "Rules ask for: de"
    assert known in client.get(page(cast.reviewer)).content.decode()
    answer = client.post(page(cast.reviewer), said(cast, **typed), follow=True)
    assert "That holds for what Reviewer takes from now on." in answer.content.decode()
    member = Membership.objects.get(pk=cast.reviewer.pk)
    assert (member.skills, member.languages) == (
        (["gift cards", "refunds"], []) if "skills" in typed else ([], ["de", "en"])
    )
    assert claim(cast, member) is not None
    assert Event.objects.get(verb="change", subject_id=cast.reviewer.user_id).actor_id == cast.lead.user_id


def test_queues_are_ticked_and_unticked(cast: Cast, browser: Browser) -> None:
    assert taken_from(cast) == {"support", "careful"}
    browser("lead").post(page(cast.reviewer), said(cast, queue=["careful"]))
    assert taken_from(cast) == {"careful"}
    browser("lead").post(page(cast.reviewer), said(cast, queue=["support", "careful"]))
    assert taken_from(cast) == {"support", "careful"}


def test_what_another_lead_changed_meanwhile_stays(cast: Cast, browser: Browser) -> None:
    seen = said(cast)
    leave_queue(queue=cast.support, user=cast.reviewer.user, by=cast.viewer("admin").actor, now=NOW)
    browser("lead").post(page(cast.reviewer), {**seen, "skills": "refunds"})
    assert taken_from(cast) == {"careful"}


def test_saying_the_same_again_is_no_change(cast: Cast, browser: Browser) -> None:
    before = Event.objects.count()
    browser("lead").post(page(cast.reviewer), said(cast))
    assert Event.objects.count() == before


def test_only_an_admin_changes_a_role_and_never_their_own(cast: Cast, browser: Browser) -> None:
    assert browser("lead").post(page(cast.reviewer), said(cast, role="admin")).status_code == 403
    assert Membership.objects.get(pk=cast.reviewer.pk).role == "reviewer"
    assert browser("admin").post(page(cast.reviewer), said(cast, role="lead")).status_code == 302
    assert Membership.objects.get(pk=cast.reviewer.pk).role == "lead"
    own = browser("admin").post(page(cast.admin), {"role": "reviewer", "skills": "", "languages": ""})
    assert own.status_code == 409
    assert "Another admin has to change your own role." in own.content.decode()
    assert Membership.objects.get(pk=cast.admin.pk).role == "admin"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"skills": "x" * 41}, "at most 40 characters"),
        ({"skills": ",".join(f"skill {n}" for n in range(51))}, "At most 50 skills"),
        ({"languages": "German"}, "Codes such as en, de or de-AT."),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    cast: Cast, browser: Browser, typed: dict, words: str
) -> None:
    answer = browser("lead").post(page(cast.reviewer), said(cast, **typed))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert next(iter(typed.values())).replace(",", ", ") in answer.content.decode()
    assert Membership.objects.get(pk=cast.reviewer.pk).skills == []


def test_what_somebody_holds_they_go_on_with(cast: Cast, browser: Browser) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    assert turn
    browser("lead").post(page(cast.reviewer), said(cast, queue=[]))
    assert taken_from(cast) == set()
    pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence, draft=None)


@pytest.mark.parametrize("who", ["reviewer", "ml", "auditor"])
def test_others_do_not(cast: Cast, browser: Browser, who: str) -> None:
    assert browser(who).get(page(cast.reviewer)).status_code == 403
    assert browser(who).post(page(cast.reviewer), said(cast, skills="mine")).status_code == 403
    assert Membership.objects.get(pk=cast.reviewer.pk).skills == []
