"""Settings: members and keys. Secrets are shown once, in the answer that made them."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.actions import add_member, create_key, end_membership, revoke_key
from reviewqueue.accounts.models import ApiKey, Membership, Role, User
from reviewqueue.accounts.queries import keys_visible_to, members_visible_to
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict, Invalid, NotThere, ProductError
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.queues.actions import join_queue
from reviewqueue.queues.models import QueueMember
from reviewqueue.queues.queries import visible_to as queues_visible_to

from .access import member_page
from .context import ROLES, MemberRequest
from .parameters import identifier


def _page(
    request: MemberRequest, template: str, here: str, context: dict[str, Any], error: ProductError | None = None
) -> HttpResponse:
    shared = {
        "section": here,
        "may_administer": request.viewer.may("administer"),
        "error": error.detail if error else "",
        "typed": request.POST,
    }
    return render(request, f"settings/{template}.html", {**shared, **context}, status=error.status if error else 200)


def _text(request: MemberRequest, name: str, longest: int = 200) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:longest]


# --- members ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def members(request: MemberRequest) -> HttpResponse:
    """List the members; an admin adds one on POST."""
    if request.method == "GET":
        return _members(request)
    request.viewer.require("administer")
    try:
        added, password = _add(request)
    except ProductError as error:
        return _members(request, error=error)
    return _members(request, added=added, password=password)


def _members(request: MemberRequest, error: ProductError | None = None, **made: Any) -> HttpResponse:
    queues: dict[UUID, list[str]] = {}
    rows = QueueMember.objects.filter(workspace_id=request.viewer.workspace_id, ended_at=None).select_related("queue")
    for row in rows.order_by("queue__name"):
        queues.setdefault(row.user_id, []).append(row.queue.name)
    people = [
        {"member": one, "role": ROLES[Role(one.role)], "queues": queues.get(one.user_id, [])}
        for one in members_visible_to(request.viewer)
    ]
    context = {
        "people": people,
        "roles": list(ROLES.items()),
        "queues": queues_visible_to(request.viewer),
        "chosen": request.POST.getlist("queue"),
        **made,
    }
    return _page(request, "members", "members", context, error)


def _add(request: MemberRequest) -> tuple[Membership, str]:
    """Add a member; the password is empty for somebody who has one already. Raises Invalid or Conflict."""
    email, name = _text(request, "email", 254).lower(), _text(request, "name")
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(_("This is not an e-mail address.")) from None
    if not name:
        raise Invalid(_("A name is needed: it stands beside what the person decides."))
    password = "" if User.objects.filter(email=email).exists() else secrets.token_urlsafe(12)
    now, viewer = clock_now(), request.viewer
    with transaction.atomic():
        added = add_member(
            workspace=request.membership.workspace,
            email=email,
            name=name,
            role=_text(request, "role"),
            password=password or None,
            by=viewer.actor,
            now=now,
        )
        for queue in queues_visible_to(viewer).filter(slug__in=request.POST.getlist("queue")):
            join_queue(queue=queue, user=added.user, by=viewer.actor, now=now)
    return added, password


@require_POST
@member_page("administer")
def member_end(request: MemberRequest, pk: UUID) -> HttpResponse:
    """End a membership; one's own is left to another admin."""
    found = get_object_or_404(members_visible_to(request.viewer), pk=pk)
    if found.user_id == request.user.pk:
        raise Conflict(_("Another admin has to end your own membership."))
    end_membership(membership=found, by=request.user, actor=request.viewer.actor, now=clock_now())
    messages.success(request, _("%(name)s is no member any more; what they did stays.") % {"name": found.user.name})
    return redirect("settings")


# --- keys ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer")
def keys(request: MemberRequest) -> HttpResponse:
    """List the API keys; make one on POST and show it once."""
    if request.method == "GET":
        return _keys(request)
    try:
        made, secret = _make_key(request)
    except ProductError as error:
        return _keys(request, error=error)
    return _keys(request, made=made, secret=secret)


def _keys(request: MemberRequest, error: ProductError | None = None, **made: Any) -> HttpResponse:
    context = {
        "keys": keys_visible_to(request.viewer),
        "scopes": ApiKey.Scope.values,
        "chosen": request.POST.getlist("scope"),
        "sources": sources_visible_to(request.viewer).order_by("slug"),
        "members": members_visible_to(request.viewer),
        **made,
    }
    return _page(request, "keys", "keys", context, error)


def _make_key(request: MemberRequest) -> tuple[ApiKey, str]:
    name = _text(request, "name")
    if not name:
        raise Invalid(_("Name the program that will use this key."))
    if not request.POST.getlist("scope"):
        raise Invalid(_("Choose at least one scope: what the key may do."))
    return create_key(
        workspace=request.membership.workspace,
        name=name,
        scopes=request.POST.getlist("scope"),
        by=request.viewer.actor,
        now=clock_now(),
        source_slug=_source(request.viewer, _text(request, "source")),
        user=_acting_as(request.viewer, _text(request, "user")),
        created_by=request.user,
    )


def _source(viewer: Viewer, slug: str) -> str:
    if slug and not sources_visible_to(viewer).filter(slug=slug).exists():
        raise NotThere
    return slug


def _acting_as(viewer: Viewer, user_id: str) -> User | None:
    if not user_id:
        return None
    return get_object_or_404(members_visible_to(viewer), user_id=identifier(user_id)).user


@require_POST
@member_page("administer")
def key_revoke(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Make a key useless at once."""
    found = get_object_or_404(keys_visible_to(request.viewer), pk=pk)
    revoke_key(api_key=found, by=request.user, actor=request.viewer.actor, now=clock_now())
    messages.success(request, _("The key %(name)s opens nothing any more.") % {"name": found.name})
    return redirect("settings_keys")
