"""Reading overload plans: the one kept, the one at work, and what triage heeds of it."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from .models import Miss, OverloadPlan, OverloadRun
from .rules import Thinning


def plan_of(workspace_id: UUID) -> OverloadPlan | None:
    """Return a workspace's plan with its strata and calls, if it has made one."""
    plans = OverloadPlan.objects.filter(workspace_id=workspace_id, replaced_at=None)
    return plans.select_related("watched", "saved_by", "armed_by").prefetch_related("strata", "calls__user").first()


def running(workspace_id: UUID) -> OverloadRun | None:
    """Return the run of a plan that is at work now."""
    runs = OverloadRun.objects.filter(workspace_id=workspace_id, ended_at=None)
    return runs.select_related("plan__watched", "begun_by").prefetch_related("plan__strata").first()


def runs_of(workspace_id: UUID) -> QuerySet[OverloadRun]:
    """Return a workspace's runs, newest first."""
    runs = OverloadRun.objects.filter(workspace_id=workspace_id).select_related("plan", "begun_by", "ended_by")
    return runs.order_by("-begun_at")


def last_run(workspace_id: UUID) -> OverloadRun | None:
    """Return a workspace's newest run."""
    return runs_of(workspace_id).first()


def thinning_of(workspace_id: UUID) -> Thinning | None:
    """Return what triage heeds of the plan at work; None when none is."""
    run = running(workspace_id)
    if run is None:
        return None
    strata = list(run.plan.strata.all())
    return Thinning(
        run_id=run.pk,
        rates={one.rule_name: one.rate for one in strata if one.rate is not None},
        fallbacks=frozenset(one.rule_name for one in strata if one.answers_held),
    )


def workspaces_to_watch() -> list[UUID]:
    """Return the workspaces whose plan is armed or at work."""
    armed = OverloadPlan.objects.filter(replaced_at=None, armed_at__isnull=False).values_list("workspace_id")
    at_work = OverloadRun.objects.filter(ended_at=None).values_list("workspace_id")
    return [workspace_id for (workspace_id,) in armed.union(at_work)]


def misses_of(workspace_id: UUID, *, since: datetime) -> QuerySet[Miss]:
    """Return a workspace's misses of what was due since a moment, newest first."""
    misses = Miss.objects.filter(workspace_id=workspace_id, due_at__gte=since)
    return misses.select_related("entry__item", "queue").order_by("-due_at", "-id")
