"""Writing a ruling, what it made of each item, and taking it back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from reviewqueue.accounts.models import User
from reviewqueue.common.ids import new_id
from reviewqueue.review.models import Outcome, Review

from ..models import (
    EdgeCase,
    EdgeCaseItem,
    PrecedentShown,
    Ruling,
    RulingContent,
    RulingTakenBack,
    RulingText,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What an owner rules; ``answer`` is for an edit, ``words`` are by language."""

    decision: str
    severity: str = "none"
    reason_codes: Sequence[str] = ()
    follow_up: bool = False
    answer: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


def write_ruling(*, case: EdgeCase, said: Said, by: User, now: datetime) -> Ruling:
    """Write the case's next ruling and let it wait for its items: those that are still with the leads."""
    last = Ruling.objects.filter(case=case).aggregate(last=Max("version"))["last"] or 0
    ruling = Ruling(
        id=new_id(),
        workspace_id=case.workspace_id,
        case=case,
        version=last + 1,
        decision=said.decision,
        severity=said.severity,
        reason_codes=sorted(set(said.reason_codes)),
        follow_up=said.follow_up,
        ruled_at=now,
        ruled_by=by,
    )
    ruling.save(force_insert=True)
    RulingContent.objects.create(ruling=ruling, workspace_id=case.workspace_id, answer=said.answer)
    RulingText.objects.bulk_create(
        RulingText(workspace_id=case.workspace_id, ruling=ruling, language=language, words=words)
        for language, words in sorted(said.words.items())
    )
    EdgeCase.objects.filter(pk=case.pk).update(ruled_at=now, ruled_by=by)
    EdgeCaseItem.objects.filter(case=case, removed_at=None, settled_at=None).update(ruling=ruling, passed_over="")
    return ruling


def note_settled(*, member: EdgeCaseItem, outcome: Outcome, at: datetime) -> int:
    """Note that the ruling settled an item, if it still waits for that; return how many did."""
    return _waiting(member).update(outcome=outcome, settled_at=at)


def pass_over(*, member: EdgeCaseItem, because: EdgeCaseItem.PassedOver) -> int:
    """Note that the ruling leaves an item to a single decision; return how many it did."""
    return _waiting(member).update(passed_over=because)


def _waiting(member: EdgeCaseItem):
    still = EdgeCaseItem.objects.filter(pk=member.pk, ruling=member.ruling, removed_at=None)
    return still.filter(settled_at=None, passed_over="")


def take_back(*, ruling: Ruling, by: User, now: datetime) -> None:
    """Take a ruling back: the case is open again, and what it has not settled waits for it no more."""
    RulingTakenBack.objects.create(
        ruling=ruling, workspace_id=ruling.workspace_id, taken_back_at=now, taken_back_by=by
    )
    EdgeCase.objects.filter(pk=ruling.case_id).update(ruled_at=None, ruled_by=None)
    EdgeCaseItem.objects.filter(ruling=ruling, settled_at=None).update(ruling=None, passed_over="")


def note_undone(*, members: Iterable[EdgeCaseItem]) -> None:
    """Note that items are with the leads again whose outcome by ruling was undone."""
    ids = [one.pk for one in members]
    EdgeCaseItem.objects.filter(pk__in=ids).update(outcome=None, settled_at=None, ruling=None)


def note_shown(*, review: Review, rulings: Iterable[Ruling]) -> None:
    """Note which rulings a reviewer saw beside the item that they judged."""
    PrecedentShown.objects.bulk_create(
        [PrecedentShown(workspace_id=review.workspace_id, ruling=one, review=review) for one in rulings],
        ignore_conflicts=True,
    )
