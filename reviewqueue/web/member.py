"""One member: what they may do, which skills they have, in which languages and from which queues they review."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reviewqueue.accounts.actions import change_member
from reviewqueue.accounts.models import Membership, Role
from reviewqueue.accounts.queries import members_visible_to, skills_known
from reviewqueue.common.background import ring
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, ProductError
from reviewqueue.queues.actions import join_queue, leave_queue
from reviewqueue.queues.models import QueueMember
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.queries import current_policy

from .access import member_page
from .context import ROLES, MemberRequest


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form; ``queues`` are slugs, and ``took`` those that were ticked when the page was made."""

    role: str
    skills: list[str]
    languages: list[str]
    queues: set[str]
    took: set[str]


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def member(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show a member; on POST a lead says anew what they review, and an admin what they may do."""
    found = get_object_or_404(members_visible_to(request.viewer), pk=pk)
    if request.method == "GET":
        return _page(request, found, _as_is(found))
    form = _typed(request, found)
    try:
        _save(request, found, form, now())
    except ProductError as error:
        return _page(request, found, form, error)
    ring("deal", found.workspace_id)
    messages.success(request, _("That holds for what %(name)s takes from now on.") % {"name": found.user.name})
    return redirect("settings_member", found.pk)


def _save(request: MemberRequest, found: Membership, form: Form, at: datetime) -> None:
    by = request.viewer.actor
    if form.role != found.role:
        request.viewer.require("administer")
        if found.user_id == request.user.pk:
            raise Conflict(_("Another admin has to change your own role."))
    with transaction.atomic():
        change_member(membership=found, role=form.role, skills=form.skills, languages=form.languages, by=by, now=at)
        # by what was ticked and unticked: what others changed meanwhile stays
        for queue in visible_to(request.viewer).filter(slug__in=form.queues ^ form.took):
            verb = join_queue if queue.slug in form.queues else leave_queue
            verb(queue=queue, user=found.user, by=by, now=at)


def _as_is(found: Membership) -> Form:
    taken = _taken_from(found)
    return Form(found.role, found.skills, found.languages, taken, taken)


def _taken_from(found: Membership) -> set[str]:
    rows = QueueMember.objects.filter(workspace_id=found.workspace_id, user_id=found.user_id, ended_at=None)
    return set(rows.values_list("queue__slug", flat=True))


def _typed(request: MemberRequest, found: Membership) -> Form:
    post = request.POST
    return Form(
        role=post.get("role", found.role),
        skills=_several(post.get("skills", "")),
        languages=_several(post.get("languages", "")),
        queues=set(post.getlist("queue")),
        took=set(post.getlist("took")),
    )


def _several(text: str) -> list[str]:
    """Return what was typed with commas between."""
    parts = (" ".join(one.split()) for one in text.replace("\x00", "").split(","))
    return list(dict.fromkeys(one for one in parts if one))


def _page(request: MemberRequest, found: Membership, form: Form, error: ProductError | None = None) -> HttpResponse:
    context = {
        "section": "members",
        "may_administer": request.viewer.may("administer"),
        "error": error.in_full if error else "",
        "member": found,
        "role": ROLES[Role(found.role)],
        "roles": list(ROLES.items()),
        "is_me": found.user_id == request.user.pk,
        "form": form,
        "skills": ", ".join(form.skills),
        "languages": ", ".join(form.languages),
        "queues": [
            {"queue": one, "takes": one.slug in form.queues, "took": one.slug in form.took}
            for one in visible_to(request.viewer)
        ],
        "asked": _asked_for(request),
    }
    return render(request, "settings/member.html", context, status=error.status if error else 200)


def _asked_for(request: MemberRequest) -> dict[str, str]:
    """Return which skills and languages the rules in force ask for, and which skills others have."""
    policy = current_policy(request.viewer.workspace_id)
    rules = list(policy.rules.all()) if policy else []
    skills = {skill for one in rules for skill in one.required_skills}
    return {
        "skills": ", ".join(sorted(skills | skills_known(request.viewer.workspace_id))),
        "languages": ", ".join(sorted({one.language for one in rules if one.language})),
    }
