"""The story's promises, misses and plan: told once however often it is loaded."""

from reviewqueue.demo.story.promised import promise_and_plan
from reviewqueue.demo.story.teams import form_teams
from reviewqueue.demo.story.workspace import make_workspace
from reviewqueue.queues.models import Promise
from reviewqueue.triage.models import OverloadPlan
from tests.cast import NOW


def test_the_story_promises_by_a_teams_hours_and_leaves_a_plan(db: None) -> None:
    workspace = make_workspace(password="a-long-enough-passphrase", now=NOW)
    form_teams(workspace, now=NOW)
    for _load in range(2):
        promise_and_plan(workspace, now=NOW)
    said = Promise.objects.filter(ended_at=None).order_by("queue__slug", "minutes")
    assert [(one.queue.slug, one.urgency, one.team.name if one.team else "") for one in said] == [
        ("refunds", "high", "Porto"),
        ("refunds", "normal", "Porto"),
        ("safety", "high", ""),
    ]
    plan = OverloadPlan.objects.get()
    assert (plan.version, plan.armed_at, plan.starts_waiting > plan.ends_waiting) == (1, None, True)
    assert plan.strata.count() == 2
