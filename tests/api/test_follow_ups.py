"""A team's own system sees which wrong answers somebody got, and says when that was made good."""

from collections.abc import Callable
from uuid import uuid4

from reviewqueue.intake.models import Source
from reviewqueue.review.models import FollowUp
from tests.api.conftest import Api
from tests.cast import NOW, Cast
from tests.steps import edit, publish, queued, settle


def wrong(cast: Cast) -> str:
    queued(cast)
    settle(cast, cast.reviewer, edit(follow_up=True))
    publish(cast)
    return str(FollowUp.objects.get().pk)


def test_what_is_open_and_what_is_done_are_lists(cast: Cast, api: Api) -> None:
    opened = wrong(cast)
    (row,) = api.get("follow-ups?state=open").json()["results"]
    assert (row["id"], row["external_id"], row["version"], row["state"]) == (opened, "conv-0", 1, "open")
    assert "owner" not in row
    done = api.post(f"follow-ups/{opened}/done", {"note": "Sent a voucher."})
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert api.get("follow-ups?state=open").json()["results"] == []
    assert [one["id"] for one in api.get("follow-ups?state=done").json()["results"]] == [opened]
    assert FollowUp.objects.get().content.note == "Sent a voucher."


def test_done_twice_is_a_conflict(cast: Cast, api: Api) -> None:
    opened = wrong(cast)
    answers = [api.post(f"follow-ups/{opened}/done").status_code for _again in range(2)]
    assert answers == [200, 409]


def test_a_key_sees_its_own_source_alone(cast: Cast, api: Api, stranger: Api, acting_as: Callable[..., Api]) -> None:
    opened = wrong(cast)
    Source.objects.create(workspace=cast.workspace, slug="other", name="Other", created_at=NOW)
    other = acting_as(source="other")
    assert other.get("follow-ups").json()["results"] == []
    for who in (other, stranger):
        assert who.post(f"follow-ups/{opened}/done").status_code == 404
    assert api.post(f"follow-ups/{uuid4()}/done").status_code == 404
    assert acting_as(scopes=["items:read"]).post(f"follow-ups/{opened}/done").status_code == 403
    assert api.get("follow-ups?state=late").status_code == 422
    assert api.post(f"follow-ups/{opened}/done", {"note": 7}).status_code == 422
