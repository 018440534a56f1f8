"""Opening a case, grouping escalations into it, handing it on, discussing it, dismissing it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from reviewqueue.accounts.models import User
from reviewqueue.review.models import Escalation

from ..models import Comment, CommentContent, EdgeCase, EdgeCaseContent, EdgeCaseItem


def open_case(
    *,
    workspace_id: UUID,
    title: str,
    description: str,
    owner_id: UUID | None,
    deputy_id: UUID | None,
    due_at: datetime,
    by: User,
    now: datetime,
) -> EdgeCase:
    """Open a case; its words are apart."""
    case = EdgeCase.objects.create(
        workspace_id=workspace_id,
        owner_id=owner_id,
        deputy_id=deputy_id,
        due_at=due_at,
        opened_at=now,
        opened_by=by,
    )
    EdgeCaseContent.objects.create(case=case, workspace_id=workspace_id, title=title, description=description)
    return case


def hold_case(*, case_id: UUID) -> EdgeCase:
    """Lock a case: two people who change it at the same moment do so one after the other."""
    return EdgeCase.objects.select_for_update(no_key=True, of=("self",)).get(pk=case_id)


def group(*, case: EdgeCase, escalations: Sequence[Escalation], by: User, now: datetime) -> list[EdgeCaseItem]:
    """Put escalations into a case; each leaves the case that it was in."""
    here = set(EdgeCaseItem.objects.filter(case=case, removed_at=None).values_list("escalation_id", flat=True))
    new = [one for one in escalations if one.pk not in here]
    elsewhere = EdgeCaseItem.objects.filter(escalation__in=new, removed_at=None)
    elsewhere.update(removed_at=now, removed_by=by)
    return EdgeCaseItem.objects.bulk_create(
        EdgeCaseItem(
            workspace_id=case.workspace_id,
            case=case,
            escalation=one,
            item_id=one.item_id,
            added_at=now,
            added_by=by,
        )
        for one in new
    )


def ungroup(*, member: EdgeCaseItem, by: User, now: datetime) -> int:
    """Take an escalation out of its case, unless the ruling has settled it; return how many were."""
    still = EdgeCaseItem.objects.filter(pk=member.pk, removed_at=None, settled_at=None)
    return still.update(removed_at=now, removed_by=by)


def hand_case(*, case: EdgeCase, owner_id: UUID | None, deputy_id: UUID | None, due_at: datetime) -> None:
    """Give a case its owner, deputy and due time."""
    EdgeCase.objects.filter(pk=case.pk).update(owner_id=owner_id, deputy_id=deputy_id, due_at=due_at)


def comment(*, case: EdgeCase, text: str, by: User, now: datetime) -> Comment:
    """Say something about a case; the words are apart."""
    said = Comment.objects.create(workspace_id=case.workspace_id, case=case, said_at=now, said_by=by)
    CommentContent.objects.create(comment=said, workspace_id=case.workspace_id, text=text)
    return said


def dismiss_case(*, case: EdgeCase, because: str, by: User, now: datetime) -> None:
    """End a case without a ruling: its escalations are free again."""
    EdgeCase.objects.filter(pk=case.pk).update(dismissed_at=now, dismissed_by=by)
    EdgeCaseContent.objects.filter(case=case).update(dismissed_because=because)
    EdgeCaseItem.objects.filter(case=case, removed_at=None, settled_at=None).update(removed_at=now, removed_by=by)


def reopen_case(*, case: EdgeCase) -> None:
    """Open a case again that was dismissed."""
    EdgeCase.objects.filter(pk=case.pk).update(dismissed_at=None, dismissed_by=None)
