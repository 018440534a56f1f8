"""Who may still take an item: members of its queue who review, with its skills and language, and have not had it."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from reviewqueue.accounts.access import CAPABILITIES, can
from reviewqueue.accounts.models import Membership
from reviewqueue.triage.models import QueueEntry

from .models import Assignment, Exclusion, Slot


def enough_may_take(entry: QueueEntry, *, people: int) -> bool:
    """Return whether so many people are left who may review an item and do not hold it at this moment."""
    return _unseen(_able(entry), entry.item_id).count() >= people


def all_have_had(entry: QueueEntry, *, people: int) -> bool:
    """Return whether so many could review an item, were it not that they have had it in hand already."""
    return _able(entry).count() >= people and not enough_may_take(entry, people=people)


def _able(entry: QueueEntry) -> QuerySet[Membership]:
    """Return the members of an entry's queue who have what it asks of people."""
    members = _members(entry.workspace_id, "review").filter(
        user__queue_memberships__queue=entry.queue_id,
        user__queue_memberships__ended_at=None,
        skills__contains=entry.required_skills,
    )
    if entry.language:
        members = members.filter(languages__contains=[entry.language])
    return members


def leads_of(workspace_id: UUID) -> QuerySet[Membership]:
    """Return the members who decide what is escalated."""
    return _members(workspace_id, "lead")


def lead_has_not_seen(entry: QueueEntry) -> bool:
    """Return whether there is a lead who has not had an item in hand."""
    return _unseen(leads_of(entry.workspace_id), entry.item_id).exists()


def had_in_hand(item_id: UUID) -> list[UUID]:
    """Return everybody who ever had a turn at an item."""
    return list(Assignment.objects.filter(item_id=item_id).order_by().values_list("user_id", flat=True).distinct())


def _members(workspace_id: UUID, capability: str) -> QuerySet[Membership]:
    roles = [role for role in CAPABILITIES if can(role, capability)]
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None, role__in=roles)
    return members.filter(user__deactivated_at=None)


def _unseen(members: QuerySet[Membership], item_id: UUID) -> QuerySet[Membership]:
    had = Exclusion.objects.filter(item_id=item_id, user_id=OuterRef("user_id"))
    holds = Assignment.objects.filter(item_id=item_id, user_id=OuterRef("user_id"), ended_at=None)
    return members.exclude(Exists(had)).exclude(Exists(holds))


def free_slots(entry: QueueEntry) -> int:
    """Return how many reviews of a stay wait for somebody."""
    return Slot.objects.filter(entry=entry, closed_at=None, holder=None).count()
