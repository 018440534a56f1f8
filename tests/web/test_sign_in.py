"""Signing in: by e-mail and password, slowed down after guessing, in one's own language and time."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from reviewqueue.accounts.actions import MAX_FAILURES_PER_EMAIL
from tests.cast import PASSWORD, Cast

SIGN_IN = "/sign-in/"


def sign_in(client: Client, name: str = "reviewer", password: str = PASSWORD, **more: str):
    return client.post(SIGN_IN, {"email": f"{name}@acme.localhost", "password": password, **more})


def test_a_reviewer_lands_in_my_queue_and_a_lead_on_the_board(cast: Cast, client: Client) -> None:
    assert sign_in(client).url == "/"
    assert client.get("/").url == reverse("my_queue")
    other = Client()
    sign_in(other, "lead")
    assert other.get("/").url == reverse("board")


def test_a_wrong_password_says_so_and_keeps_the_address(cast: Cast, client: Client) -> None:
    answer = sign_in(client, password="wrong")
    assert answer.status_code == 401
    assert b"do not belong together" in answer.content
    assert b'value="reviewer@acme.localhost"' in answer.content
    assert b"wrong" not in answer.content.split(b"<form")[1]


def test_an_unknown_address_and_a_wrong_password_look_the_same(cast: Cast, client: Client) -> None:
    known, unknown = sign_in(client, password="wrong"), sign_in(client, "nobody", "wrong")
    assert (known.status_code, len(known.content)) == (unknown.status_code, len(unknown.content) + 2)


def test_guessing_is_stopped_also_for_the_right_password(cast: Cast, client: Client) -> None:
    for _try in range(MAX_FAILURES_PER_EMAIL):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert answer.status_code == 429
    assert b"Try again in 15 min" in answer.content


def test_somebody_without_a_session_is_sent_to_sign_in_and_back(cast: Cast, client: Client) -> None:
    answer = client.get("/my-queue/")
    assert answer.url == "/sign-in/?next=/my-queue/"
    assert sign_in(client, next="/my-queue/").url == "/my-queue/"


@pytest.mark.parametrize(
    "outside", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_outside(cast: Cast, client: Client, outside: str) -> None:
    assert sign_in(client, next=outside).url == "/"


def test_the_session_ends_with_signing_out(cast: Cast, client: Client) -> None:
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/my-queue/").status_code == 302


def test_the_language_chosen_is_kept_with_the_person(cast: Cast, client: Client) -> None:
    sign_in(client)
    client.post("/preferences/", {"language": "de", "next": "/my-queue/"})
    assert b'<html lang="de"' in client.get("/my-queue/").content
    elsewhere = Client()
    sign_in(elsewhere)
    assert b'<html lang="de"' in elsewhere.get("/my-queue/").content


def test_the_theme_is_kept_with_the_browser(cast: Cast, client: Client) -> None:
    client.post("/preferences/", {"theme": "dark"})
    assert b'data-theme="dark"' in client.get(SIGN_IN).content
    client.post("/preferences/", {"theme": "system"})
    assert b"data-theme" not in client.get(SIGN_IN).content


def test_the_browsers_time_zone_is_learnt_and_nonsense_is_not(cast: Cast, client: Client) -> None:
    sign_in(client, time_zone="Europe/Berlin")
    sign_in(Client(), time_zone="../../etc/passwd")
    cast.reviewer.user.refresh_from_db()
    assert cast.reviewer.user.time_zone == "Europe/Berlin"


def test_a_deactivated_person_does_not_get_in(cast: Cast, client: Client) -> None:
    user = cast.reviewer.user
    user.deactivated_at = user.created_at
    user.save()
    assert sign_in(client).status_code == 401


def test_every_page_carries_the_strict_policy(cast: Cast, client: Client) -> None:
    policy = client.get(SIGN_IN).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_styles_and_scripts_are_one_file_each_and_kept_for_good(cast: Cast, client: Client) -> None:
    page = client.get(SIGN_IN).content.decode()
    style = page.split('<link rel="stylesheet" href="')[1].split('"')[0]
    answer = client.get(style)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content.startswith(b"/* The order of the layers")
    packed = client.get(style, headers={"accept-encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < 15_000
    assert client.get("/assets/app-0000.css").headers["Cache-Control"] == "no-store"
    assert client.get("/assets/app-0000.exe").status_code == 404


def test_a_database_out_of_reach_is_said_and_asks_to_come_back(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(cast.reviewer.user)

    def unreachable(user: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("reviewqueue.web.context.memberships_of", unreachable)
    answer = client.get("/my-queue/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert b"is not ready at the moment" in answer.content


@pytest.mark.parametrize("address", ["/nowhere/", "/work/00000000-0000-7000-8000-000000000000/"])
def test_a_page_that_is_not_there_says_so(cast: Cast, client: Client, address: str) -> None:
    client.force_login(cast.reviewer.user)
    answer = client.get(address)
    assert answer.status_code == 404
    assert b"There is nothing here, or it is not yours to see." in answer.content
