"""Settings: members and keys; secrets are shown once; only admins change anything."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from reviewqueue.accounts.actions import check_password
from reviewqueue.accounts.models import ApiKey, Membership, User
from reviewqueue.accounts.queries import viewer_with_key
from reviewqueue.common.clock import now
from reviewqueue.queues.models import QueueMember
from tests.cast import NOW, Cast

Browser = Callable[[str], Client]
NEW = {"email": "New@Acme.localhost", "name": "New One", "role": "reviewer", "queue": ["support"]}


def secret_in(words: str) -> str:
    found = re.search(r'<code id="secret">([^<]+)</code>', words)
    assert found
    return found[1]


def test_a_new_member_gets_a_password_that_is_shown_once(cast: Cast, browser: Browser) -> None:
    client = browser("admin")
    password = secret_in(client.post("/settings/", NEW).content.decode())
    user = check_password(email="new@acme.localhost", password=password, address=None, now=now())
    assert QueueMember.objects.get(user=user, ended_at=None).queue == cast.support
    again = client.get("/settings/").content.decode()
    assert "New One" in again
    assert password not in again


def test_somebody_known_elsewhere_keeps_their_password(cast: Cast, browser: Browser) -> None:
    User.objects.filter(pk=cast.stranger.user.pk).update(password_changed_at=NOW)
    known = {**NEW, "email": cast.stranger.user.email}
    words = browser("admin").post("/settings/", known).content.decode()
    assert "They sign in with the password they have." in words
    assert 'id="secret"' not in words


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"email": "no address"}, 422),
        ({"name": " "}, 422),
        ({"role": "king"}, 422),
        ({"email": "lead@acme.localhost"}, 409),
    ],
)
def test_a_member_that_cannot_be_added_is_explained(cast: Cast, browser: Browser, change: dict, status: int) -> None:
    before = Membership.objects.count()
    answer = browser("admin").post("/settings/", {**NEW, **change})
    assert answer.status_code == status
    assert "Not done." in answer.content.decode()
    assert Membership.objects.count() == before


def test_an_ended_membership_opens_nothing(cast: Cast, browser: Browser) -> None:
    reviewer, admin = browser("reviewer"), browser("admin")
    admin.post(f"/settings/members/{cast.reviewer.pk}/end/")
    assert reviewer.get("/my-queue/").status_code == 403
    assert admin.post(f"/settings/members/{cast.admin.pk}/end/").status_code == 409
    assert admin.post(f"/settings/members/{cast.stranger.pk}/end/").status_code == 404


def test_leads_read_the_members_and_change_nothing(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    words = client.get("/settings/").content.decode()
    assert "reviewer@acme.localhost" in words
    assert "Add a member" not in words
    assert "stranger@" not in words
    assert client.post("/settings/", NEW).status_code == 403
    assert client.post(f"/settings/members/{cast.reviewer.pk}/end/").status_code == 403
    assert client.get("/settings/keys/").status_code == 403
    assert client.get("/settings/webhooks/").status_code == 403
    assert client.get("/settings/sources/").status_code == 200


@pytest.mark.parametrize("name", ["reviewer", "ml", "auditor"])
def test_settings_are_not_for_everybody(cast: Cast, browser: Browser, name: str) -> None:
    assert browser(name).get("/settings/").status_code == 403


def test_a_key_is_shown_once_works_and_is_revoked(cast: Cast, browser: Browser) -> None:
    client = browser("admin")
    made = {"name": "bot", "scope": ["items:write", "items:read"], "source": "support-chatbot"}
    secret = secret_in(client.post("/settings/keys/", made).content.decode())
    viewer = viewer_with_key(secret)
    assert viewer is not None
    assert (viewer.scopes, viewer.source_slug) == (frozenset({"items:write", "items:read"}), "support-chatbot")
    assert secret not in client.get("/settings/keys/").content.decode()
    row = ApiKey.objects.get(source_slug="support-chatbot")
    client.post(f"/settings/keys/{row.pk}/revoke/")
    assert viewer_with_key(secret) is None
    assert client.post(f"/settings/keys/{row.pk}/revoke/").status_code == 409


@pytest.mark.parametrize("change", [{"name": ""}, {"scope": []}, {"scope": ["everything"]}])
def test_a_key_without_name_or_known_scope_is_not_made(cast: Cast, browser: Browser, change: dict) -> None:
    before = ApiKey.objects.count()
    answer = browser("admin").post("/settings/keys/", {"name": "x", "scope": ["items:read"], **change})
    assert answer.status_code == 422
    assert ApiKey.objects.count() == before
