"""The fixed cast of every story: a lead, two reviewers, an ML engineer, an auditor, an admin, and a stranger."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.actions import add_member, create_key, create_workspace
from reviewqueue.accounts.models import Membership, User, Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import Source
from reviewqueue.queues.actions import create_queue, join_queue, name_reasons, write_rubric
from reviewqueue.queues.models import Queue
from reviewqueue.triage.actions import activate_policy

NOW = datetime(2025, 11, 24, 9, 0, tzinfo=UTC)
PASSWORD = "a-long-enough-passphrase"
REASONS = [("wrong-fact", "wrong fact"), ("wrong-amount", "wrong amount"), ("tone", "tone")]


@dataclass
class Cast:
    """One workspace with its people, and another in which a stranger lives."""

    workspace: Workspace
    support: Queue
    careful: Queue
    source: Source
    lead: Membership
    reviewer: Membership
    reviewer2: Membership
    ml: Membership
    auditor: Membership
    admin: Membership
    stranger: Membership
    key: str
    stranger_key: str

    def viewer(self, name: str) -> Viewer:
        """Return the viewer of one of the cast."""
        return viewer_of_member(getattr(self, name))


def make_cast() -> Cast:
    """Make the cast with two queues (one review, two reviews) and a policy of two rules."""
    workspace, people = _workspace("acme", ["lead", "reviewer", "reviewer2", "ml", "auditor", "admin"])
    other, strangers = _workspace("elsewhere", ["stranger"])
    support, careful = _queues(workspace, people)
    source = Source.objects.create(workspace=workspace, slug="support-chatbot", name="Support bot", created_at=NOW)
    _queues(other, strangers)
    Source.objects.create(workspace=other, slug="support-chatbot", name="Their bot", created_at=NOW)
    scopes = ["items:write", "items:read", "datasets:read", "datasets:write", "metrics:read"]
    _row, key = create_key(workspace=workspace, name="bot", scopes=scopes, by=SYSTEM, now=NOW)
    _row, stranger_key = create_key(workspace=other, name="bot", scopes=scopes, by=SYSTEM, now=NOW)
    return Cast(workspace, support, careful, source, **people, **strangers, key=key, stranger_key=stranger_key)


_ROLES = {"reviewer2": "reviewer", "ml": "ml_engineer", "stranger": "lead"}


def _workspace(slug: str, names: list[str]) -> tuple[Workspace, dict[str, Membership]]:
    workspace = create_workspace(slug=slug, name=slug.title(), now=NOW)
    return workspace, {name: _member(workspace, name) for name in names}


@cache
def _hashed() -> str:
    """Hash the cast's password once: Argon2 is slow on purpose."""
    return make_password(PASSWORD)


def _member(workspace: Workspace, name: str) -> Membership:
    membership = add_member(
        workspace=workspace,
        email=f"{name}@{workspace.slug}.localhost",
        name=name.title(),
        role=_ROLES.get(name, name),
        password=None,
        by=SYSTEM,
        now=NOW,
    )
    User.objects.filter(pk=membership.user.pk).update(password=_hashed())
    membership.user.refresh_from_db()
    return membership


def _queues(workspace: Workspace, people: dict[str, Membership]) -> tuple[Queue, Queue]:
    support = create_queue(workspace_id=workspace.pk, slug="support", name="Support", by=SYSTEM, now=NOW)
    careful = create_queue(
        workspace_id=workspace.pk, slug="careful", name="Careful", reviews_required=2, by=SYSTEM, now=NOW
    )
    for queue in (support, careful):
        write_rubric(queue=queue, guidelines=["Name the last day."], by=None, actor=SYSTEM, now=NOW)
        for name in people.keys() & {"lead", "reviewer", "reviewer2", "stranger"}:
            join_queue(queue=queue, user=people[name].user, by=SYSTEM, now=NOW)
    name_reasons(workspace_id=workspace.pk, reasons=REASONS, now=NOW)
    activate_policy(
        workspace_id=workspace.pk,
        rules=[
            {
                "name": "High risk",
                "conditions": [{"field": "risk_level", "op": "is", "value": "high"}],
                "queue": careful,
            },
            {
                "name": "Unsure",
                "conditions": [{"field": "confidence", "op": "below", "value": 0.6}],
                "queue": support,
            },
        ],
        audit_rate=0.0,
        audit_queue=support,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )
    return support, careful


def item(external_id: str = "conv-1", **changes: Any) -> dict[str, Any]:
    """Return a chat item that the rule for unsure answers takes."""
    return {
        "external_id": external_id,
        "source": "support-chatbot",
        "model": {"name": "support-bot", "version": "2026-11-01"},
        "kind": "chat",
        "input": {"messages": [{"role": "user", "content": "Where is my parcel?"}]},
        "output": {"content": "It will arrive on Friday."},
        "confidence": 0.42,
        **changes,
    }
