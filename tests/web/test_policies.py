"""Routing: a lead drafts, edits, tries, activates and rolls back a policy at a browser without JavaScript."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.queries import current_policy
from reviewqueue.web.policies.builder import Form, Group, Row, form_of, posted
from tests.cast import Cast
from tests.steps import queued

Browser = Callable[[str], Client]
DRAFT = "/policies/draft/"
UNSURE = {"g0-0-what": "confidence.below", "g0-0-value": "0.8", "g0-0-name": "", "g0-mode": "all"}


def opened(browser: Browser) -> Client:
    client = browser("lead")
    client.post("/policies/+draft/")
    return client


def test_a_lead_builds_tries_and_activates_a_policy(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now())
    client = opened(browser)
    groups = {"g1-0-what": "attribute.is", "g1-0-name": "tier", "g1-0-value": "gold", "g1-mode": "none"}
    effects = {"name": "Rather sure", "queue": "careful", "urgency": "high", "due_minutes": "30", "do": "save"}
    assert client.post(f"{DRAFT}rules/+add/", {**UNSURE, **groups, **effects}).status_code == 302
    page = client.get(DRAFT).content.decode()
    assert (
        "confidence is below 0.8 and not (tier is gold): send it to Careful, with high urgency, due in 30 min" in page
    )
    client.post(f"{DRAFT}replay/", {"days": "7"})
    assert "Waiting for a worker" in client.get(DRAFT).content.decode()
    pipeline.replay_next(clock=now)
    tried = client.get(f"{DRAFT}activate/").content.decode()
    assert "As many reviews a day as now" in tried, "the rule for unsure answers stands above the new one"
    assert "<ins>When confidence is below 0.8" in tried
    client.post(f"{DRAFT}activate/", {"against": "1", "note": "New product line"})
    active = current_policy(cast.workspace.pk)
    assert active is not None
    assert (active.version, active.note, active.activated_by) == (2, "New product line", cast.lead.user)
    assert "New product line" in client.get("/policies/").content.decode()
    client.post("/policies/versions/1/roll-back/", {"note": "Too many"})
    assert [one.name for one in current_policy(cast.workspace.pk).rules.all()] == ["High risk", "Unsure"]  # type: ignore[union-attr]


def test_buttons_add_and_take_rows_and_keep_what_was_typed(cast: Cast, browser: Browser) -> None:
    client, address = opened(browser), f"{DRAFT}rules/+add/"
    page = client.post(address, {**UNSURE, "name": "Half", "do": "add-row:0"}).content.decode()
    assert 'name="g0-1-what"' in page
    assert 'value="0.8"' in page
    assert 'value="Half"' in page
    page = client.post(address, {**UNSURE, "do": "add-group"}).content.decode()
    assert 'name="g1-0-what"' in page
    page = client.post(address, {**UNSURE, "do": "remove-row:0:0"}).content.decode()
    assert 'name="g0-0-what"' not in page
    assert not RoutingRule.objects.filter(name="Half").exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"g0-0-value": "much"}, "A number is required."),
        ({"name": ""}, "A name is required."),
        ({"due_minutes": "soon"}, "A whole number is required."),
        ({"reviews_required": "40"}, "Between 1 and 9."),
        ({"queue": "nowhere"}, "There is no such queue."),
        ({"g0-0-what": "text.matches", "g0-0-value": "("}, "This pattern is not understood"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    cast: Cast, browser: Browser, typed: dict[str, str], told: str
) -> None:
    client = opened(browser)
    answer = client.post(f"{DRAFT}rules/+add/", {**UNSURE, "name": "Mine", "queue": "support", **typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert f'value="{typed.get("g0-0-value", "0.8")}"' in page


def test_rules_move_and_go(cast: Cast, browser: Browser) -> None:
    client = opened(browser)
    draft = RoutingPolicy.objects.get(activated_at=None, workspace=cast.workspace)
    unsure = draft.rules.get(name="Unsure")
    client.post(f"{DRAFT}rules/{unsure.pk}/move/", {"way": "up"})
    assert list(draft.rules.order_by("position").values_list("name", flat=True)) == ["Unsure", "High risk"]
    client.post(f"{DRAFT}rules/{unsure.pk}/remove/")
    assert list(draft.rules.values_list("name", flat=True)) == ["High risk"]
    client.post(f"{DRAFT}discard/")
    assert "There is no draft now" in client.get(DRAFT, follow=True).content.decode()


def test_rates_of_sources_and_versions_are_edited(cast: Cast, browser: Browser) -> None:
    client = opened(browser)
    rates = {"rate": "4", "queue": "support", "source-0": "support-chatbot", "version-0": "canary", "rate-0": "25"}
    client.post(f"{DRAFT}sampling/", rates)
    page = client.get(DRAFT).content.decode()
    assert "25 % of support-chatbot canary, 4 % of everything else" in page
    answer = client.post(f"{DRAFT}sampling/", {"rate": "400", "queue": "support"}, follow=True)
    assert "A rate is between 0 and 100 %." in answer.content.decode()


def test_only_leads_and_admins_see_routing(cast: Cast, browser: Browser) -> None:
    assert browser("admin").get("/policies/").status_code == 200
    for who in ("reviewer", "auditor", "ml"):
        assert browser(who).get("/policies/").status_code == 403
        assert browser(who).post("/policies/+draft/").status_code == 403
    assert not RoutingPolicy.objects.filter(activated_at=None).exists()


def test_a_tree_comes_back_as_it_was_built() -> None:
    tree = {"any": [{"all": [{"field": "hour", "op": "between", "value": [22, 6], "name": "UTC"},
                             {"field": "attribute", "op": "is", "value": True, "name": "vip"}]},
                    {"field": "kind", "op": "in", "value": ["chat", "text"]}]}  # fmt: skip
    form = form_of(tree)
    assert form is not None
    assert form.tree == tree
    assert form_of({"all": [{"any": [tree]}]}) is None, "nested more deeply than the builder shows"
    assert posted({}).tree == {"all": []}
    assert Form(groups=[Group("none", [Row("risk_tags.has", "", "legal")])]).tree == {
        "all": [{"not": {"any": [{"field": "risk_tags", "op": "has", "value": "legal"}]}}]
    }
