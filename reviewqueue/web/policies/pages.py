"""The pages and buttons of routing policies; what they write are the verbs of `triage.actions.policies`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue.accounts.queries import members_visible_to
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict, Invalid, NotReady, ProductError
from reviewqueue.metrics.queries.precision import audits_of
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.actions import policies as verbs
from reviewqueue.triage.actions.trying import ask_replay
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.queries import current_policy
from reviewqueue.triage.wording import changed_only, differences, rule_words, sampling_words

from ..access import member_page
from ..context import MemberRequest
from ..parameters import whole
from .builder import Form, Group, choices, form_of, posted
from .found import replay_words
from .offering import offers
from .reading import place_words, read_rates, read_rule, typed_rates

DAYS = 7


def _policies(request: MemberRequest) -> QuerySet[RoutingPolicy]:
    policies = RoutingPolicy.objects.filter(workspace_id=request.viewer.workspace_id)
    return policies.select_related("audit_queue", "created_by", "activated_by", "based_on")


def _draft(request: MemberRequest) -> RoutingPolicy:
    return get_object_or_404(_policies(request), activated_at=None)


def _active(request: MemberRequest) -> RoutingPolicy:
    active = current_policy(request.viewer.workspace_id)
    if active is None:
        raise NotReady(_("This workspace has no policy yet."))
    return active


def _rule(request: MemberRequest, pk: UUID) -> RoutingRule:
    rules = RoutingRule.objects.filter(workspace_id=request.viewer.workspace_id, policy__activated_at=None)
    return get_object_or_404(rules.select_related("policy", "queue", "owner"), pk=pk)


def _who(request: MemberRequest) -> dict[str, Any]:
    return {"actor": request.viewer.actor, "now": clock_now()}


def _sentences(policy: RoutingPolicy) -> list[dict[str, Any]]:
    rules = policy.rules.select_related("queue", "owner").order_by("position")
    return [{"rule": one, "words": rule_words(one)} for one in rules]


@require_GET
@member_page("lead")
def policies(request: MemberRequest) -> HttpResponse:
    """Show the policy in force, whether there is a draft, and every version before."""
    active = current_policy(request.viewer.workspace_id)
    context = {
        "active": active,
        "rules": _sentences(active) if active else [],
        "sampling": sampling_words(active) if active else "",
        "draft": _policies(request).filter(activated_at=None).first(),
        "versions": _policies(request).exclude(activated_at=None).order_by("-version")[:100],
    }
    return render(request, "policies/policies.html", context)


@require_GET
@member_page("lead")
def version(request: MemberRequest, version: int) -> HttpResponse:
    """Show one version, and how it differs from the one in force."""
    found = get_object_or_404(_policies(request).exclude(activated_at=None), version=version)
    active = _active(request)
    context = {
        "policy": found,
        "active": active,
        "rules": _sentences(found),
        "sampling": sampling_words(found),
        "differences": changed_only(differences(active, found)) if found != active else [],
    }
    return render(request, "policies/version.html", context)


@require_POST
@member_page("lead")
def version_roll_back(request: MemberRequest, version: int) -> HttpResponse:
    """Put an old version's content in force again."""
    found = get_object_or_404(_policies(request).exclude(activated_at=None), version=version)
    policy = verbs.roll_back(to=found, note=request.POST.get("note", ""), by=request.user, **_who(request))
    words = _("Policy %(version)s has the rules of policy %(earlier)s again.")
    messages.success(request, words % {"version": policy.version, "earlier": found.version})
    return redirect("policies")


# --- the draft ----------------------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def draft_open(request: MemberRequest) -> HttpResponse:
    """Open a draft from the policy in force; when a colleague has one open, show that."""
    try:
        verbs.draft_policy(based_on=_active(request), by=request.user, **_who(request))
    except Conflict as error:
        messages.info(request, error.detail)
    return redirect("policy_draft")


@require_GET
@member_page("lead")
def draft(request: MemberRequest) -> HttpResponse:
    """Show the draft: its rules against those in force, what passes, and what a replay found."""
    found = _policies(request).filter(activated_at=None).first()
    if found is None and not request.htmx:
        messages.info(request, _("There is no draft now: it was put in force or discarded."))
        return redirect("policies")
    context = _context(request, found or _draft(request))
    if request.htmx:
        # 286 tells htmx that it need not ask again
        return render(request, "policies/replay.html", context, status=200 if _counting(context) else 286)
    return render(request, "policies/draft.html", context)


def _counting(context: dict[str, Any]) -> bool:
    replay = context["replay"]
    return bool(replay) and replay.finished_at is None and replay.failed_at is None


def _context(request: MemberRequest, found: RoutingPolicy) -> dict[str, Any]:
    active, replay = _active(request), found.replays.order_by("-asked_at").first()
    return {
        "draft": found,
        "active": active,
        "rules": _sentences(found),
        "differences": changed_only(differences(active, found)),
        "queues": visible_to(request.viewer).order_by("name"),
        "rates": [*found.rates.order_by("source", "model_version"), None],
        "rate": f"{100 * found.audit_rate:g}",
        "audit_queue": found.audit_queue.slug,
        "audits": audits_of(found, now=clock_now()),
        "replay": replay,
        "found": replay_words(replay) if replay and replay.finished_at else None,
        "days": DAYS,
    }


@require_POST
@member_page("lead")
def draft_discard(request: MemberRequest) -> HttpResponse:
    """Throw the draft away."""
    verbs.discard_draft(draft=_draft(request), **_who(request))
    messages.success(request, _("The draft is discarded; nothing has changed."))
    return redirect("policies")


@require_POST
@member_page("lead")
def draft_sampling(request: MemberRequest) -> HttpResponse:
    """Say which share of what passes people see."""
    found = _draft(request)
    queue = get_object_or_404(visible_to(request.viewer), slug=request.POST.get("queue", ""))
    try:
        general, rates = read_rates(request.POST)
        verbs.save_sampling(draft=found, audit_rate=general, audit_queue=queue, rates=rates, **_who(request))
    except Invalid as error:
        context = _context(request, found) | typed_rates(request.POST) | {"sampling_error": error.detail}
        return render(request, "policies/draft.html", context, status=error.status)
    messages.success(request, _("The shares are saved in the draft."))
    return redirect("policy_draft")


@require_POST
@member_page("lead")
def draft_replay(request: MemberRequest) -> HttpResponse:
    """Ask for the draft to be tried on the last days."""
    days = whole(request.POST.get("days"), DAYS, least=1, most=90)
    zone = get_current_timezone_name()
    ask_replay(draft=_draft(request), days=days, time_zone=zone, by=request.user, **_who(request))
    return redirect("policy_draft")


@require_http_methods(["GET", "POST"])
@member_page("lead")
def draft_activate(request: MemberRequest) -> HttpResponse:
    """Show what activating changes, with the replay; put the draft in force on POST."""
    found = _draft(request)
    if request.method == "GET":
        return render(request, "policies/activate.html", _context(request, found))
    seen = get_object_or_404(_policies(request), version=whole(request.POST.get("against"), 0, least=1))
    note = request.POST.get("note", "")
    policy = verbs.activate_draft(draft=found, seen=seen, note=note, by=request.user, **_who(request))
    words = _("Policy %(version)s is in force; it applies to new items.")
    messages.success(request, words % {"version": policy.version})
    return redirect("policies")


# --- one rule -----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_page("lead")
def rule_add(request: MemberRequest) -> HttpResponse:
    """Show the builder for a new rule, and write it on POST."""
    return _build(request, _draft(request), None)


@require_http_methods(["GET", "POST"])
@member_page("lead")
def rule_edit(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show the builder for one of the draft's rules, and write it on POST."""
    rule = _rule(request, pk)
    return _build(request, rule.policy, rule)


def _build(request: MemberRequest, found: RoutingPolicy, rule: RoutingRule | None) -> HttpResponse:
    if request.method == "GET":
        form = form_of(rule.conditions) if rule else Form(groups=[Group()])
        return _builder(request, rule, form, _typed(rule))
    form, button = posted(request.POST), request.POST.get("do", "save")
    nested = rule is not None and form_of(rule.conditions) is None
    if button != "save" and not nested:
        form.press(button)
        return _builder(request, rule, form, request.POST)
    try:
        fields = read_rule(request.POST, queues=visible_to(request.viewer), members=_people(request))
        fields["conditions"] = rule.conditions if nested and rule else form.tree
        _save(request, found, rule, fields)
    except Invalid as error:
        return _builder(request, rule, None if nested else form, request.POST, error)
    return redirect("policy_draft")


def _save(request: MemberRequest, found: RoutingPolicy, rule: RoutingRule | None, fields: dict[str, Any]) -> None:
    """Write a rule; a new one goes to the place that was chosen, which is the last unless another is."""
    with transaction.atomic():
        before = found.rules.count()
        saved = verbs.save_rule(draft=found, rule=rule, fields=fields, **_who(request))
        place = whole(request.POST.get("place"), before + 1, least=1, most=before + 1)
        if rule is None and place <= before:
            verbs.move_rule(rule=saved, steps=place - before - 1, **_who(request))


def _people(request: MemberRequest) -> Any:
    return members_visible_to(request.viewer).select_related("user").order_by("user__name")


def _builder(
    request: MemberRequest,
    rule: RoutingRule | None,
    form: Form | None,
    typed: Any,
    error: ProductError | None = None,
) -> HttpResponse:
    context = {
        "rule": rule,
        "words": rule_words(rule) if rule else "",
        "form": form,
        "typed": typed,
        "choices": choices(),
        "offers": offers(request.viewer),
        "places": [] if rule else list(_draft(request).rules.order_by("position")),
        "queues": visible_to(request.viewer).order_by("name"),
        "people": _people(request),
        "error": error,
        "wrong": place_words(error) if error else [],
    }
    return render(request, "policies/rule.html", context, status=error.status if error else 200)


def _typed(rule: RoutingRule | None) -> dict[str, str]:
    """Return a rule's effects as they would be typed."""
    if rule is None:
        return {"queue": "", "urgency": "normal"}
    plain = {"due_minutes": rule.due_minutes, "reviews_required": rule.reviews_required}
    return {
        "name": rule.name,
        "queue": rule.queue.slug if rule.queue else "",
        "urgency": rule.urgency,
        "language": rule.language,
        "required_skills": ", ".join(rule.required_skills),
        "blind": "" if rule.blind is None else ("yes" if rule.blind else "no"),
        "owner": str(rule.owner_id or ""),
        "sample_rate": "" if rule.sample_rate is None else f"{100 * rule.sample_rate:g}",
        **{name: "" if value is None else str(value) for name, value in plain.items()},
    }


@require_POST
@member_page("lead")
def rule_move(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Move a rule one place up or down."""
    rule, steps = _rule(request, pk), {"up": -1, "down": 1}.get(request.POST.get("way", ""), 0)
    if steps:
        verbs.move_rule(rule=rule, steps=steps, **_who(request))
    return redirect("policy_draft")


@require_POST
@member_page("lead")
def rule_remove(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take a rule out of the draft."""
    verbs.remove_rule(rule=_rule(request, pk), **_who(request))
    return redirect("policy_draft")
