"""A team follows what people decided: every publication once, in order, from wherever it left off."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import orjson

from reviewqueue.common import clock
from reviewqueue.intake.models import Source
from reviewqueue.review import feed
from reviewqueue.review.models import OutcomeContent, Publication, ReviewContent
from reviewqueue.review.queries import published_body
from reviewqueue.review.rules import Judgement
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.steps import edit, publish, queued, settle, submit, triage

REJECT = Judgement(decision="reject", severity="major", cause="knowledge")


def pages(api: Api, since: str = "", limit: int = 2) -> Iterator[dict[str, Any]]:
    """Follow the feed to its end, as a client does."""
    while True:
        page = api.get(f"corrections?limit={limit}&since={since}").json()
        yield page
        since = page["next"]
        if not page["more"]:
            return


def rows(api: Api, **more: Any) -> list[dict[str, Any]]:
    return [row for page in pages(api, **more) for row in page["results"]]


def decide(cast: Cast, *judgements: Judgement) -> None:
    """Publish a decision for each judgement, on an item each."""
    queued(cast, len(judgements))
    for number, judgement in enumerate(judgements):
        settle(cast, cast.reviewer, judgement, now=NOW + timedelta(seconds=number))
    publish(cast, now=NOW + timedelta(minutes=1))


def test_every_publication_comes_once_and_oldest_first(cast: Cast, api: Api) -> None:
    decide(cast, edit(), Judgement(decision="approve"), REJECT, edit("Never."), edit("Soon."))
    found = rows(api)
    assert [row["position"] for row in found] == [1, 2, 3, 4, 5]
    assert [row["decision"] for row in found] == ["edit", "approve", "reject", "edit", "edit"]
    assert [row["correction"] for row in found][:3] == [{"content": "It will arrive on Monday."}, None, None]
    assert {row["source"] for row in found} == {"support-chatbot"}
    assert [row["external_id"] for row in found] == [f"conv-{number}" for number in range(5)]


def test_each_row_holds_the_outcome_as_the_outcome_endpoint_tells_it(cast: Cast, api: Api) -> None:
    decide(cast, edit(), Judgement(decision="approve"), REJECT)
    for row in rows(api):
        told = api.get(f"items/{row['item']}/outcome").json()
        assert {name: row[name] for name in told} == told
        assert row.keys() - told.keys() == {"position", "external_id", "source", "kind", "correction"}


def test_a_client_comes_back_later_with_what_it_kept(cast: Cast, api: Api) -> None:
    first = api.get("corrections").json()
    assert (first["results"], first["more"]) == ([], False)
    decide(cast, edit())
    second = api.get(f"corrections?since={first['next']}").json()
    assert len(second["results"]) == 1
    again = api.get(f"corrections?since={second['next']}").json()
    assert (again["results"], again["next"]) == ([], second["next"])


def test_what_can_still_be_undone_is_not_told(cast: Cast, api: Api) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    assert rows(api) == []


def test_a_key_of_one_source_sees_that_source_and_gets_past_the_others(
    cast: Cast, acting_as: Callable[..., Api], api: Api, monkeypatch: Any
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 2)
    Source.objects.create(workspace=cast.workspace, slug="rare", name="Rare", created_at=NOW)
    decide(cast, edit(), edit(), edit(), edit(), edit())
    secret_source = Cast(**{**vars(cast), "source": Source.objects.get(slug="rare")})
    submit(secret_source, item("rare-1", source="rare"))
    triage(clock.now())
    settle(cast, cast.reviewer, edit())
    publish(cast, now=NOW + timedelta(minutes=2))
    assert [row["external_id"] for row in rows(acting_as(source="rare", scopes=["items:read"]))] == ["rare-1"]
    assert len(rows(api)) == 6


def test_what_was_redacted_is_told_without_its_words(cast: Cast, api: Api) -> None:
    decide(cast, edit())
    OutcomeContent.objects.update(final="", redacted_at=NOW)
    ReviewContent.objects.update(correction="", redacted_at=NOW)
    (row,) = rows(api)
    assert (row["final"], row["correction"], row["decision"]) == (None, None, "edit")


def test_a_cursor_of_another_workspace_or_a_made_up_one_is_refused(cast: Cast, api: Api, stranger: Api) -> None:
    kept = api.get("corrections").json()["next"]
    assert stranger.get(f"corrections?since={kept}").status_code == 422
    for made_up in ("1", "x" * 19, "AAAA", "%F0%9F%8C%8D", "ééé", "=", "-" * 1_999):
        answer = api.get(f"corrections?since={made_up}")
        assert answer.status_code == 422, made_up
        assert answer.json()["errors"][0]["pointer"] == "?since"
    for wrong in ("limit=0", "limit=1001", "limit=x"):
        assert api.get(f"corrections?{wrong}").status_code == 422
    assert api.get("corrections?after=1").status_code == 400


def test_after_a_restore_a_cursor_from_the_lost_time_is_not_silently_obeyed(cast: Cast, api: Api) -> None:
    ahead = feed.cursor_of(7, secret=bytes(cast.workspace.secret))
    answer = api.get(f"corrections?since={ahead}")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("cursor-ahead")


def test_the_feed_tells_what_the_webhooks_tell(cast: Cast) -> None:
    """The feed reads by one statement, everything else row by row: both must say the same, to the letter."""
    decide(cast, edit(), Judgement(decision="approve"), REJECT)
    page = feed.feed_page(workspace_id=cast.workspace.pk, after=0, limit=10)
    for row, publication in zip(page.rows, Publication.objects.order_by("position"), strict=True):
        told = orjson.loads(orjson.dumps(row, option=orjson.OPT_UTC_Z))
        assert orjson.loads(orjson.dumps(published_body(publication))).items() <= told.items()
