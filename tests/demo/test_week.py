"""The story's calm week: what the lead did in it is done once, however often the story is taken up again."""

from datetime import timedelta

from reviewqueue.demo.items import CHAT_SOURCE
from reviewqueue.demo.story import week
from reviewqueue.demo.story.arrivals import CALM_DAYS, PASSED
from reviewqueue.demo.story.workspace import make_workspace
from reviewqueue.edgecases.models import EdgeCase, Ruling
from reviewqueue.queues.actions import name_reasons
from reviewqueue.queues.models import Stop
from reviewqueue.review.models import Escalation
from reviewqueue.triage.queries import current_policy
from tests.cast import NOW, PASSWORD, Cast
from tests.edgecases.steps import asked, items


def test_the_stops_of_the_week_are_over_and_say_why(db: None) -> None:
    workspace = make_workspace(password=PASSWORD, now=NOW)
    for _load in range(2):
        before_the_ruling = week.happenings(NOW)[:4]
        week.happen(workspace, before_the_ruling, NOW)
        assert not before_the_ruling
    told = Stop.objects.order_by("begun_at").values_list("queue__slug", "source_slug", "why")
    assert list(told) == [("refunds", "", "exercise"), (None, CHAT_SOURCE, "wrong_answers")]
    assert not Stop.objects.filter(ended_at=None).exists()


def test_a_question_is_ruled_on_in_two_languages_and_becomes_a_rule_with_an_owner(cast: Cast) -> None:
    ruled_at = week.ruled_at(NOW)
    name_reasons(workspace_id=cast.workspace.pk, reasons=[("missing-step", "missing step")], now=NOW)
    given = items(2, output={"content": "You can change the delivery address."})
    asked(cast, *given, now=ruled_at - timedelta(hours=3), question=week.QUESTION)
    for _load in range(2):
        week.happen(cast.workspace, week.happenings(NOW)[4:], NOW)
    case = EdgeCase.objects.get()
    assert sorted(one.language for one in Ruling.objects.get(case=case).texts.all()) == ["de", "en"]
    assert not Escalation.objects.filter(ended_at=None).exists()
    policy = current_policy(cast.workspace.pk)
    assert policy is not None
    rule = policy.rules.get(name=week.TITLE)
    assert (rule.position, rule.owner) == (2, case.owner)


def test_nobody_is_there_for_four_hours_of_the_week() -> None:
    begins = NOW - PASSED - timedelta(days=CALM_DAYS) + week.AWAY[0]
    there = [week.is_deserted(begins + timedelta(hours=hour), NOW) for hour in range(-1, 5)]
    assert there == [False, True, True, True, True, False]
