"""Role -> capability, and the viewer: who asks, for which workspace, with what right."""

from dataclasses import dataclass, field
from uuid import UUID

from reviewqueue.audit.actions import Actor, key, person
from reviewqueue.common.errors import NotAllowed

from .models import Membership, Role, User

#: What each role may do. Reading one's own workspace is everybody's.
CAPABILITIES: dict[str, frozenset[str]] = {
    Role.REVIEWER: frozenset({"review"}),
    Role.LEAD: frozenset({"review", "lead", "see_people", "see_queues", "see_items", "see_quality"}),
    Role.ML_ENGINEER: frozenset({"datasets", "see_items", "see_quality"}),
    Role.AUDITOR: frozenset({"see_people", "see_queues", "see_items", "see_quality", "see_datasets"}),
    Role.ADMIN: frozenset(
        {"review", "lead", "administer", "see_people", "see_queues", "see_items", "see_quality", "datasets"}
    ),
}


def can(role: str, capability: str) -> bool:
    """Return whether a role has a capability."""
    return capability in CAPABILITIES.get(role, frozenset())


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person in one workspace, or a key of it (perhaps acting as a person)."""

    workspace_id: UUID
    user: User | None = None
    role: str = ""
    scopes: frozenset[str] = frozenset()
    key_id: UUID | None = None
    source_slug: str = ""
    remembered: bool = False  # whether its key is still to be proven (queries.remembered_viewer)
    #: the person's, where it was read with the key
    membership: Membership | None = field(default=None, compare=False, repr=False)

    @property
    def actor(self) -> Actor:
        """Who the audit trail names."""
        if self.user:
            return person(self.user.pk)
        assert self.key_id is not None
        return key(self.key_id)

    def may(self, capability: str) -> bool:
        """Return whether the person's role has a capability."""
        return can(self.role, capability)

    def require(self, capability: str) -> None:
        """Raise NotAllowed unless the person's role has a capability."""
        if not self.may(capability):
            raise NotAllowed


def viewer_of_member(membership: Membership) -> Viewer:
    """Return the viewer for a signed-in person; ``membership.user`` should be loaded."""
    return Viewer(
        workspace_id=membership.workspace_id, user=membership.user, role=membership.role, membership=membership
    )
