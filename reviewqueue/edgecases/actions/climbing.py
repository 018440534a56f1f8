"""The steps of the ladder, and the e-mail of each."""

from collections.abc import Iterable

from reviewqueue.common.outbox import Outbox

from ..models import DueMail, LadderStep

MAILS = Outbox(DueMail)


def write_steps(*, steps: Iterable[LadderStep]) -> list[LadderStep]:
    """Write steps with their e-mails; those that are on record already are left out. Return the new ones."""
    new = []
    for step in steps:
        at = {"since_at": step.since_at, "rung": step.rung, "told_id": step.told_id}
        about = {"escalation_id": step.escalation_id, "case_id": step.case_id}
        row, made = LadderStep.objects.get_or_create(
            **at,
            **about,
            defaults={"workspace_id": step.workspace_id, "why": step.why, "told_at": step.told_at},
        )
        if made:
            DueMail.objects.create(step=row, workspace_id=row.workspace_id, due_at=row.told_at)
            new.append(row)
    return new
