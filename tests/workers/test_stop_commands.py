"""Stopping on the command line: who did it is on record, and PostgreSQL is all that it needs."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reviewqueue.audit.models import Event
from reviewqueue.queues.models import Stop
from reviewqueue.queues.rules import Stopped
from tests.cast import Cast
from tests.steps import claim, queued


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_an_operator_stops_a_queue_and_lets_it_go_on(cast: Cast) -> None:
    queued(cast)
    words = said("stop", "--workspace", "acme", "--queue", "support", "--why", "outage", "--note", "Pager at 3.")
    assert "The queue Support is stopped: a system that the work needs is down." in words
    with pytest.raises(Stopped):
        claim(cast, cast.reviewer, now=None)
    stop = Stop.objects.get()
    assert stop.content.note.startswith("Pager at 3. (on the command line")
    assert (stop.begun_by, Event.objects.get(verb="stop").actor_kind) == (None, "system")
    assert str(stop.pk) in said("resume", "--workspace", "acme", "--queue", "support", "--by", cast.lead.user.email)
    stop.refresh_from_db()
    assert stop.ended_by == cast.lead.user
    assert claim(cast, cast.reviewer, now=None) is not None


def test_resuming_ends_what_is_named_and_all_ends_everything(cast: Cast) -> None:
    said("stop", "--workspace", "acme", "--why", "exercise", "--by", cast.lead.user.email)
    said("stop", "--workspace", "acme", "--source", "support-chatbot", "--why", "exercise")
    assert Event.objects.filter(verb="stop").first().actor_id == cast.lead.user_id
    said("resume", "--workspace", "acme")
    assert Stop.objects.get(ended_at=None).source_slug == "support-chatbot"
    said("resume", "--workspace", "acme", "--all")
    assert not Stop.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("stop", "--workspace", "nowhere", "--why", "outage"), "There is no workspace nowhere."),
        (("stop", "--workspace", "acme", "--source", "nobody", "--why", "outage"), "There is no source nobody"),
        (("stop", "--workspace", "acme", "--queue", "none", "--why", "outage"), "There is no queue none"),
        (("stop", "--workspace", "acme", "--why", "outage", "--by", "x@example.com"), "Nobody with the address"),
        (("stop", "--workspace", "acme", "--why", "because"), "invalid choice"),
        (("resume", "--workspace", "acme"), "That is not stopped."),
        (("resume", "--workspace", "acme", "--all", "--queue", "support"), "name no source or queue"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cast: Cast, arguments: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        said(*arguments)
    assert not Stop.objects.exists()


def test_the_same_is_not_stopped_twice(cast: Cast) -> None:
    said("stop", "--workspace", "acme", "--why", "outage")
    with pytest.raises(CommandError, match="This is stopped already"):
        said("stop", "--workspace", "acme", "--why", "outage")
