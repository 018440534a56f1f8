"""Nothing waits unowned or unanswered for longer than a set time: the ladder tells one person after the other."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewqueue import pipeline
from reviewqueue.common.errors import Conflict, Invalid
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Message
from reviewqueue.edgecases.mailing import send_due
from reviewqueue.edgecases.models import DueMail, LadderStep
from reviewqueue.edgecases.queries import steps_calling
from tests.cast import NOW, Cast
from tests.edgecases.steps import REJECT, asked, items, opened
from tests.races.crowd import each

MINUTES = {"owner": 10, "deputy": 20, "lead": 30, "admin": 60}


def after(minutes: int):
    return NOW + timedelta(minutes=minutes)


def told(cast: Cast, minutes: int) -> list[tuple[str, str, str]]:
    steps = pipeline.climb(workspace_id=cast.workspace.pk, now=after(minutes))
    return [(one.rung, one.told.name, one.why) for one in steps]


@pytest.fixture
def set_up(cast: Cast) -> Cast:
    pipeline.set_ladder(minutes=MINUTES, by=cast.viewer("lead"), now=NOW)
    return cast


def owned(cast: Cast, **of) -> None:
    given = {"source": None, "topic": "", "reason": "", "deputy_id": None, **of}
    pipeline.set_owner(**given, by=cast.viewer("lead"), now=NOW)


def test_what_nobody_owns_goes_to_the_leads_then_to_the_admins(set_up: Cast) -> None:
    cast = set_up
    asked(cast, *items(1))
    assert told(cast, 9) == []
    assert told(cast, 10) == [("lead", "Lead", "unowned")]
    assert told(cast, 11) == []
    assert told(cast, 119) == []
    assert told(cast, 120) == [("admin", "Admin", "unowned")]
    assert told(cast, 10_000) == []


def test_the_owner_comes_first_then_who_stands_in(set_up: Cast) -> None:
    cast = set_up
    owned(cast, owner_id=cast.lead.user_id, deputy_id=cast.admin.user_id)
    asked(cast, *items(1))
    assert told(cast, 10) == [("owner", "Lead", "unanswered")]
    assert told(cast, 30) == [("deputy", "Admin", "unanswered")]
    assert told(cast, 60) == [("lead", "Lead", "unanswered")]


def test_after_an_outage_each_rung_that_was_missed_is_told_once(set_up: Cast) -> None:
    cast = set_up
    owned(cast, owner_id=cast.lead.user_id)
    asked(cast, *items(2))
    assert [one[0] for one in told(cast, 10_000)] == ["owner", "lead", "admin"] * 2
    assert told(cast, 10_001) == []


def test_what_was_told_already_costs_nothing_to_find_out_however_much_waits(set_up: Cast) -> None:
    """Workers climb every few seconds, and what waits may be thousands."""
    cast, costs = set_up, []
    for minutes in (0, 10_000):
        asked(cast, *(one | {"external_id": f"{minutes}-{one['external_id']}"} for one in items(6)))
        told(cast, 10_000 + minutes)
        told(cast, 20_000)
        with CaptureQueriesContext(connection) as queries:
            assert told(cast, 20_001) == []
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_case_waits_from_its_due_time_and_a_new_due_time_begins_anew(set_up: Cast) -> None:
    cast, lead = set_up, set_up.viewer("lead")
    case = opened(cast, asked(cast, *items(1)), owner_id=cast.lead.user_id, due_at=after(100))
    assert told(cast, 100) == []
    assert told(cast, 110) == [("owner", "Lead", "overdue")]
    again = {"owner_id": cast.lead.user_id, "deputy_id": None, "due_at": after(200)}
    pipeline.hand_case(case=case, **again, by=lead, now=after(115))
    assert told(cast, 209) == []
    assert told(cast, 210) == [("owner", "Lead", "overdue")]
    pipeline.rule(case=case, said=REJECT, by=lead, now=after(211))
    pipeline.settle_ruled(now=after(211))
    assert told(cast, 10_000) == []


def test_a_case_of_nobody_waits_from_its_opening(set_up: Cast) -> None:
    opened(set_up, asked(set_up, *items(1)), due_at=after(10_000))
    assert told(set_up, 10) == [("lead", "Lead", "unowned")]


def test_what_calls_is_shown_until_it_is_answered(set_up: Cast) -> None:
    cast, viewer = set_up, set_up.viewer("lead")
    (one,) = asked(cast, *items(1))
    told(cast, 10)
    assert [step.escalation for step in steps_calling(viewer)] == [one]
    pipeline.hand_back(escalation=one, by=viewer, now=after(11))
    assert not steps_calling(viewer).exists()


def test_an_alert_goes_out_by_webhook_once_for_each_rung(set_up: Cast) -> None:
    cast = set_up
    add_webhook(
        workspace_id=cast.workspace.pk,
        url="https://example.com/hook",
        events=["alert.raised"],
        by=None,
        actor=pipeline.laddering.SYSTEM,
        now=NOW,
    )
    (one,) = asked(cast, *items(1))
    for minutes in (10, 20, 120):
        told(cast, minutes)
    messages = Message.objects.filter(event_type="alert.raised").order_by("sequence")
    assert [(row.data["rung"], row.data["why"], row.item_id) for row in messages] == [
        ("lead", "unowned", one.item_id),
        ("admin", "unowned", one.item_id),
    ]


def test_an_email_goes_out_in_the_persons_language_and_without_words_of_the_item(set_up: Cast, settings) -> None:
    cast = set_up
    settings.PUBLIC_URL = "https://review.example.com"
    type(cast.lead.user).objects.filter(pk=cast.lead.user_id).update(language="de")
    asked(cast, *items(1))
    told(cast, 10)
    assert (send_due(now=after(10)), send_due(now=after(10))) == (1, 0)
    (sent,) = mail.outbox
    assert sent.to == [cast.lead.user.email]
    assert "https://review.example.com/my-queue/#escalations" in sent.body
    assert "Support" in sent.body
    assert "Refund?" not in sent.body
    assert "parcel" not in sent.body


def test_a_mail_server_that_is_away_loses_nothing(set_up: Cast, settings) -> None:
    cast = set_up
    asked(cast, *items(1))
    told(cast, 10)
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    assert send_due(now=after(10)) == 1
    assert DueMail.objects.get().last_error == "ConnectionRefusedError"
    settings.EMAIL_BACKEND = works
    assert send_due(now=after(11)) == 0
    assert send_due(now=after(13)) == 1
    assert DueMail.objects.get().sent_at == after(13)


def test_an_email_that_never_goes_out_is_given_up(set_up: Cast, settings) -> None:
    cast = set_up
    asked(cast, *items(1))
    told(cast, 10)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    tries = [send_due(now=after(10 + 300 * number)) for number in range(12)]
    assert sum(tries) == 8
    assert DueMail.objects.get().given_up_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_each_person_once(set_up: Cast) -> None:
    cast = set_up
    asked(cast, *items(5))
    each(range(4), lambda _worker: pipeline.climb(workspace_id=cast.workspace.pk, now=after(10)))
    assert LadderStep.objects.count() == DueMail.objects.count() == 5


def test_the_most_specific_owner_answers(set_up: Cast) -> None:
    cast = set_up
    owned(cast, owner_id=cast.admin.user_id)
    owned(cast, owner_id=cast.lead.user_id, topic="refund")
    case = opened(cast, asked(cast, *items(1, risk={"level": "low", "tags": ["refund"]})))
    assert case.owner_id == cast.lead.user_id
    other = opened(cast, asked(cast, *[one | {"external_id": "other"} for one in items(1)]))
    assert other.owner_id == cast.admin.user_id


def test_only_who_decides_can_answer_for_something(set_up: Cast) -> None:
    for user in (set_up.reviewer.user_id, set_up.stranger.user_id):
        with pytest.raises(Conflict):
            owned(set_up, owner_id=user)


def test_a_ladder_never_waits_longer_than_a_week(set_up: Cast) -> None:
    with pytest.raises(Invalid):
        pipeline.set_ladder(minutes={**MINUTES, "lead": 20_000}, by=set_up.viewer("lead"), now=NOW)
