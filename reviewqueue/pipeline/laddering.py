"""The ladder: what waits unowned or unanswered for too long is told to one person after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Role
from reviewqueue.audit.actions import SYSTEM, event, record, record_all
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict, Invalid, NotThere, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import Announcement, announce_all
from reviewqueue.edgecases import actions as cases
from reviewqueue.edgecases.models import EdgeCase, LadderStep, Ownership
from reviewqueue.edgecases.owners import owner_for
from reviewqueue.edgecases.queries import answering, escalations_waiting, ladder_minutes, steps_told
from reviewqueue.edgecases.rules import LADDER, rungs_reached
from reviewqueue.intake.models import Source
from reviewqueue.review.models import Escalation

ALERT_RAISED = "alert.raised"
#: A rung waits at most this long: nothing is to lie unanswered behind a mistyped number.
LONGEST_MINUTES = 7 * 24 * 60
Why = LadderStep.Why


@dataclass(frozen=True, slots=True)
class _Waits:
    """What waits for an answer, since when, and who answers for it."""

    since_at: datetime
    why: str
    owner_id: UUID | None
    deputy_id: UUID | None
    escalation: Escalation | None = None
    case: EdgeCase | None = None


def climb(*, workspace_id: UUID, now: datetime) -> list[LadderStep]:
    """Tell whom the ladder has reached, each person once on each rung: in app, by e-mail and by webhook.

    Steps, e-mails and messages are rows of one transaction; two workers climb one after the other.
    """
    with transaction.atomic():
        _climb_alone(workspace_id)
        steps = cases.write_steps(steps=list(_steps(workspace_id, now)))
        record_all(
            event(
                workspace_id=workspace_id,
                verb="raise_alert",
                subject=_about(one),
                item_id=one.escalation.item_id if one.escalation else None,
                by=SYSTEM,
                at=now,
                data={"rung": one.rung, "why": one.why, "to": str(one.told_id)},
            )
            for one in steps
        )
        if steps:
            announce_all(announcements=_announcements(steps), workspace_id=workspace_id, now=now)
            ring("mail")
        failpoint("climb.told")
    return steps


def _about(step: LadderStep) -> tuple[str, UUID]:
    if step.escalation_id:
        return "escalation", step.escalation_id
    assert step.case_id
    return "edge_case", step.case_id


def _climb_alone(workspace_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ladder:' || %s, 0))", [str(workspace_id)])


def _steps(workspace_id: UUID, now: datetime) -> Iterator[LadderStep]:
    """Yield whom the ladder has reached and who was not told yet."""
    told = steps_told(workspace_id)
    minutes = ladder_minutes(workspace_id)
    members = answering(workspace_id)
    here = {one.user_id for one in members}
    leads = [one.user_id for one in members if one.role == Role.LEAD]
    admins = [one.user_id for one in members if one.role == Role.ADMIN]
    for one in _waiting(workspace_id, now):
        people = {
            "owner": [one.owner_id] if one.owner_id and one.owner_id in here else [],
            "deputy": [one.deputy_id] if one.deputy_id and one.deputy_id in here else [],
            "lead": leads,
            "admin": admins,
        }
        for rung in rungs_reached(since=one.since_at, minutes=minutes, people=people, now=now):
            for user_id in people[rung]:
                step = _step(workspace_id, one, rung, user_id, now)
                if (step.escalation_id or step.case_id, one.since_at, rung, user_id) not in told:
                    yield step


def _step(workspace_id: UUID, waits: _Waits, rung: str, user_id: UUID, now: datetime) -> LadderStep:
    return LadderStep(
        workspace_id=workspace_id,
        escalation=waits.escalation,
        case=waits.case,
        rung=rung,
        why=waits.why,
        told_id=user_id,
        since_at=waits.since_at,
        told_at=now,
    )


def _waiting(workspace_id: UUID, now: datetime) -> Iterator[_Waits]:
    """Yield what waits: escalations in no case, and cases: those of nobody from their opening, others once due."""
    asked = escalations_waiting(workspace_id)
    owners = owner_for(asked)
    for one in asked:
        owner = owners.get(one.pk)
        why = Why.UNANSWERED if owner else Why.UNOWNED
        owner_id, deputy_id = (owner.owner_id, owner.deputy_id) if owner else (None, None)
        yield _Waits(one.opened_at, why, owner_id, deputy_id, escalation=one)
    for case in EdgeCase.objects.filter(workspace_id=workspace_id, ruled_at=None, dismissed_at=None):
        owned = case.owner_id is not None
        since = case.due_at if owned else case.opened_at
        if since <= now:
            why = Why.OVERDUE if owned else Why.UNOWNED
            yield _Waits(since, why, case.owner_id, case.deputy_id, case=case)


def _announcements(steps: list[LadderStep]) -> list[Announcement]:
    """Return one alert for each thing and rung, however many people stand on it."""
    alerts = {(one.escalation_id, one.case_id, one.rung): one for one in steps}
    return [
        Announcement(
            ALERT_RAISED,
            _about(one)[1],
            one.escalation.item_id if one.escalation else None,
            {
                "alert": str(one.pk),
                "escalation": str(one.escalation_id) if one.escalation_id else None,
                "edge_case": str(one.case_id) if one.case_id else None,
                "rung": str(one.rung),
                "why": str(one.why),
                "since_at": one.since_at.isoformat().replace("+00:00", "Z"),
            },
        )
        for one in alerts.values()
    ]


# --- who answers, and how long the ladder waits --------------------------------------------------------------------


def set_owner(
    *,
    source: Source | None,
    topic: str,
    reason: str,
    owner_id: UUID,
    deputy_id: UUID | None,
    by: Viewer,
    now: datetime,
) -> Ownership:
    """Let a person answer for a source, a topic and a reason; what is empty holds for all. Raises Conflict."""
    by.require("lead")
    assert by.user is not None
    here = {one.user_id for one in answering(by.workspace_id)}
    if owner_id not in here or (deputy_id and deputy_id not in here):
        raise Conflict("This person does not decide in this workspace.")
    if source and source.workspace_id != by.workspace_id:
        raise NotThere
    with transaction.atomic():
        _climb_alone(by.workspace_id)
        made = cases.set_owner(
            workspace_id=by.workspace_id,
            source_id=source.pk if source else None,
            topic=topic,
            reason=reason,
            owner_id=owner_id,
            deputy_id=deputy_id,
            by=by.user,
            now=now,
        )
        _tell(made, "set_owner", by, now)
    return made


def end_owner(*, ownership: Ownership, by: Viewer, now: datetime) -> None:
    """Let nobody answer for it any more but who answers for more. Raises Conflict when that is so already."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        if not cases.end_owner(ownership=ownership, by=by.user, now=now):
            raise Conflict("Nobody answers for this any more.")
        _tell(ownership, "end_owner", by, now)


def set_ladder(*, minutes: Mapping[str, int], by: Viewer, now: datetime) -> None:
    """Say how long each rung waits after the one before it, in minutes. Raises Invalid."""
    by.require("lead")
    assert by.user is not None
    wrong = [rung for rung in LADDER if not 0 <= minutes.get(rung, -1) <= LONGEST_MINUTES]
    if wrong:
        places = [Place(f"#/{rung}", "From 0 minutes to a week.") for rung in wrong]
        raise Invalid("The ladder is incomplete.", places=places)
    with transaction.atomic():
        cases.set_ladder(workspace_id=by.workspace_id, minutes=minutes, by=by.user, now=now)
        record(
            workspace_id=by.workspace_id,
            verb="set_ladder",
            subject=("workspace", by.workspace_id),
            by=by.actor,
            at=now,
            data=dict(minutes),
        )


def _tell(ownership: Ownership, verb: str, by: Viewer, now: datetime) -> None:
    record(
        workspace_id=ownership.workspace_id,
        verb=verb,
        subject=("ownership", ownership.pk),
        by=by.actor,
        at=now,
        data={"to": str(ownership.owner_id)},
    )
