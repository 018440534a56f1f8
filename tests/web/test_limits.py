"""Settings, Limits: an admin sees what is sent and says how much may be; the board tells of a source at its limit."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client

from reviewqueue.accounts.models import ApiKey
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.intake.actions import count_open, limit_source
from reviewqueue.intake.models import Source
from tests.cast import NOW, Cast
from tests.steps import queued

Browser = Callable[[str], Client]


def test_an_admin_limits_a_key_and_takes_the_limit_away_again(cast: Cast, browser: Browser) -> None:
    client, key = browser("admin"), ApiKey.objects.get(workspace=cast.workspace)
    address = f"/settings/limits/keys/{key.pk}/"
    answer = client.post(address, {"requests_per_minute": "600"}, follow=True)
    assert 'value="600"' in answer.content.decode()
    assert "hold within a few seconds" in answer.content.decode()
    client.post(address, {"requests_per_minute": ""})
    key.refresh_from_db()
    assert key.requests_per_minute is None
    by = Event.objects.filter(verb="limit", subject_id=key.pk).values_list("actor_id", flat=True)
    assert list(by) == [cast.admin.user_id] * 2


def test_an_admin_limits_a_source(cast: Cast, browser: Browser) -> None:
    typed = {"items_per_minute": "100", "open_items_most": "5000"}
    browser("admin").post("/settings/limits/sources/support-chatbot/", typed)
    source = Source.objects.get(pk=cast.source.pk)
    assert (source.items_per_minute, source.open_items_most) == (100, 5000)


@pytest.mark.parametrize("typed", ["0", "-5", "many", "1.5", "9" * 30, "٣"])
def test_a_limit_that_is_none_is_explained(cast: Cast, browser: Browser, typed: str) -> None:
    answer = browser("admin").post("/settings/limits/sources/support-chatbot/", {"items_per_minute": typed})
    assert answer.status_code == 422
    assert "Not done." in answer.content.decode()
    assert Source.objects.get(pk=cast.source.pk).items_per_minute is None


@pytest.mark.parametrize("who", ["lead", "reviewer", "auditor"])
def test_only_an_admin_sees_and_sets_limits(cast: Cast, browser: Browser, who: str) -> None:
    client = browser(who)
    assert client.get("/settings/limits/").status_code == 403
    assert client.post("/settings/limits/sources/support-chatbot/", {"items_per_minute": "1"}).status_code == 403
    assert Source.objects.get(pk=cast.source.pk).items_per_minute is None


def full(cast: Cast, most: int) -> None:
    """Let three items wait, and so many be allowed."""
    queued(cast, 3)
    limit_source(source=cast.source, items_per_minute=None, open_items_most=most, by=SYSTEM, now=NOW)
    count_open(workspace_ids=[cast.workspace.pk], now=now())


@pytest.mark.parametrize(("most", "told"), [(3, True), (4, False)])
def test_the_board_tells_of_a_source_at_its_limit(cast: Cast, browser: Browser, most: int, told: bool) -> None:
    full(cast, most)
    assert ("3 open items, which is its limit" in browser("lead").get("/board/").content.decode()) == told
    assert ("at its limit" in browser("admin").get("/settings/limits/").content.decode()) == told


def test_the_doctor_tells_of_limits_that_are_odd(cast: Cast, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    call_command("doctor", only=["limits", "clock"])
    full(cast, 3)
    monkeypatch.setenv("WEB_THREADS", "30")
    monkeypatch.setenv("WEB_WAITING", "10")
    monkeypatch.setenv("DATABASE_POOL", "20")
    with pytest.raises(SystemExit):
        call_command("doctor", only=["limits"])
    told = capsys.readouterr().out
    for words in ("WEB_THREADS is 30", "WEB_WAITING is 10", "support-chatbot is at its limit of 3 open items"):
        assert words in told
