"""A person changes the password that somebody else gave them."""

import pytest
from django.test import Client

from reviewqueue.accounts.actions import FirstPassword, add_member, create_workspace
from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import SYSTEM
from tests.cast import NOW, PASSWORD, Cast

NEW = "another-long-passphrase"


@pytest.fixture
def reviewer(cast: Cast, client: Client) -> Client:
    client.force_login(cast.reviewer.user)
    return client


def change(client: Client, current: str = PASSWORD, new: str = NEW):
    return client.post("/password/", {"current": current, "new": new})


def test_the_new_password_is_theirs_alone_and_they_stay_signed_in(cast: Cast, reviewer: Client) -> None:
    assert change(reviewer).status_code == 302
    assert reviewer.get("/my-queue/").status_code == 200
    user = User.objects.get(pk=cast.reviewer.user.pk)
    assert user.check_password(NEW)
    assert user.password_changed_at is not None


def test_other_sessions_of_theirs_end(cast: Cast, reviewer: Client) -> None:
    elsewhere = Client()
    elsewhere.force_login(cast.reviewer.user)
    change(reviewer)
    assert elsewhere.get("/my-queue/").status_code == 302


def test_a_wrong_present_password_changes_nothing(cast: Cast, reviewer: Client) -> None:
    assert change(reviewer, current="guess").status_code == 422
    assert User.objects.get(pk=cast.reviewer.user.pk).check_password(PASSWORD)


@pytest.mark.parametrize("easy", ["short", "password123"])
def test_a_password_that_is_easy_to_guess_is_refused(reviewer: Client, easy: str) -> None:
    assert change(reviewer, new=easy).status_code == 422


def test_nobody_joins_a_workspace_with_a_password_that_others_have_seen(cast: Cast, reviewer: Client) -> None:
    other = create_workspace(slug="third", name="Third", now=NOW)

    def join() -> None:
        add_member(
            workspace=other,
            email=cast.reviewer.user.email,
            name="Reviewer",
            role="reviewer",
            password=None,
            by=SYSTEM,
            now=NOW,
        )

    with pytest.raises(FirstPassword):
        join()
    change(reviewer)
    join()
