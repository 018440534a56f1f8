"""A ruling stands beside later items that are like it, in the reviewer's language; who followed it is counted."""

import json
import re
from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.edgecases.models import EdgeCase, PrecedentShown
from reviewqueue.edgecases.queries import precedents_for
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Review
from tests.cast import NOW, Cast, item
from tests.edgecases.steps import REJECT, WORDS, asked, items, opened
from tests.house.routes import strangers
from tests.steps import queued, submit, triage

Browser = Callable[[str], Client]
OTHER = {"messages": [{"role": "user", "content": "How do I change the password of my account?"}]}


def ruled(cast: Cast) -> EdgeCase:
    case = opened(cast, asked(cast, *items(1), now=clock.now()), now=clock.now())
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=clock.now())
    pipeline.settle_ruled(now=clock.now())
    return case


def later(cast: Cast, **changes) -> Item:
    (received,) = submit(cast, item("later", **changes), now=clock.now())
    triage(clock.now())
    return Item.objects.get(pk=received.id)


def test_it_stands_in_the_workbench_in_the_reviewers_language_and_is_counted(cast: Cast, browser: Browser) -> None:
    case = ruled(cast)
    later(cast)
    User.objects.filter(pk=cast.reviewer2.user_id).update(language="de")
    client = browser("reviewer2")
    page = client.post(reverse("claim"), follow=True)
    assert WORDS["de"] in page.content.decode()
    assert WORDS["en"] not in page.content.decode()
    shown = re.findall(r'name="precedent" value="([^"]+)"', page.content.decode())
    form = {"fence": "1", "decision": "reject", "severity": "major", "precedent": shown}
    client.post(page.request["PATH_INFO"] + "review/", form)
    assert Review.objects.get().shown["precedents"] == shown == [str(case.rulings.get().pk)]
    since = browser("lead").get(f"/edge-cases/{case.pk}/").content.decode()
    assert '<dd class="num">1</dd>' in since
    assert PrecedentShown.objects.count() == 1


def test_what_is_not_alike_has_no_precedent(cast: Cast) -> None:
    ruled(cast)
    unlike = later(cast, input=OTHER, output={"content": "Under Settings, then Security."})
    assert precedents_for(unlike, language="en") == []


def test_another_workspaces_ruling_is_no_precedent(cast: Cast) -> None:
    ruled(strangers(cast))
    queued(cast, 1)
    assert precedents_for(Item.objects.get(workspace=cast.workspace), language="en") == []


def test_a_ruling_of_another_workspace_is_not_counted_whatever_is_sent(cast: Cast, browser: Browser) -> None:
    theirs = ruled(strangers(cast)).rulings.get()
    later(cast)
    client = browser("reviewer2")
    page = client.post(reverse("claim"), follow=True)
    form = {"fence": "1", "decision": "approve", "precedent": [str(theirs.pk), "nonsense"]}
    client.post(page.request["PATH_INFO"] + "review/", form)
    assert Review.objects.filter(workspace=cast.workspace).count() == 1
    assert not PrecedentShown.objects.exists()


def test_what_was_taken_back_is_no_precedent(cast: Cast) -> None:
    case = ruled(cast)
    like = later(cast)
    assert [words for _ruling, words in precedents_for(like, language="fr")] == [WORDS["de"]]
    pipeline.take_back(ruling=case.rulings.get(), by=cast.viewer("lead"), now=clock.now())
    assert precedents_for(like, language="en") == []


def test_programs_get_it_with_the_turn(cast: Cast) -> None:
    ruled(cast)
    later(cast)
    _row, key = create_key(
        workspace=cast.workspace, name="desk", scopes=["reviews:write"], by=SYSTEM, now=NOW, user=cast.reviewer2.user
    )
    address, sent = "/api/v1/queues/support/claims", {"data": "{}", "content_type": "application/json"}
    answer = Client().post(address, headers={"Authorization": f"Bearer {key}"}, **sent)
    (one,) = json.loads(answer.content)["precedents"]
    assert (one["decision"], one["words"]) == ("reject", WORDS["en"])
