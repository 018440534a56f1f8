"""Who answers for an unclear item: the ownership matrix, and the routing rule that brought the item to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from reviewqueue.accounts.models import User
from reviewqueue.review.models import Escalation, Review
from reviewqueue.triage.queries import owners_by_rule

from .models import Ownership
from .queries import answering, ownerships
from .rules import most_specific


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answers, and who stands in."""

    owner: User
    deputy: User | None = None

    @property
    def owner_id(self) -> UUID:
        """The id of who answers."""
        return self.owner.pk

    @property
    def deputy_id(self) -> UUID | None:
        """The id of who stands in."""
        return self.deputy.pk if self.deputy else None


def owner_for(escalations: Sequence[Escalation]) -> dict[UUID, Answers]:
    """Return who answers for each escalation (of one workspace); those of nobody are missing.

    What says most about an item goes first: a row of the matrix that names its source, topic or reason, then the
    owner of the rule that brought it to people, then the row that holds for everything (decision 0028).
    """
    if not escalations:
        return {}
    items = [one.item_id for one in escalations]
    table, said = ownerships(escalations[0].workspace_id), _reasons(items)
    by_rule = _owners_of_rules(escalations[0].workspace_id, items)
    found: dict[UUID, Answers] = {}
    for one in escalations:
        row = most_specific(
            table,
            source_id=one.item.source_id,
            topics=one.item.risk_tags,
            reasons=said.get(one.item_id, set()),
        )
        if answers := _first(row, by_rule.get(one.item_id)):
            found[one.pk] = answers
    return found


def _first(row: Ownership | None, by_rule: User | None) -> Answers | None:
    names_something = row is not None and (row.source_id or row.topic or row.reason)
    if by_rule is not None and not names_something:
        return Answers(by_rule)
    return Answers(row.owner, row.deputy) if row else None


def _owners_of_rules(workspace_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, User]:
    """Return the owners that rules name, as far as they may decide; who may not is passed over."""
    named = owners_by_rule(item_ids)
    here = {one.user_id for one in answering(workspace_id)} if named else set()
    return {item_id: owner for item_id, owner in named.items() if owner.pk in here}


def _reasons(item_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Return the reasons that reviewers gave, by item."""
    said: dict[UUID, set[str]] = {}
    for item_id, codes in Review.objects.filter(item_id__in=item_ids).values_list("item_id", "reason_codes"):
        said.setdefault(item_id, set()).update(codes)
    return said
