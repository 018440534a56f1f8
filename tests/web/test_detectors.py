"""Detectors on the page of a source: switched by a lead, tried first, and what they found beside the item."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import detectors
from reviewqueue.common.clock import now
from reviewqueue.detectors import Given
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import DetectorSetting, RoutingRule
from tests.cast import Cast
from tests.detectors.steps import IBAN, switch
from tests.steps import queued

Browser = Callable[[str], Client]
PAGE = "/settings/sources/support-chatbot/"


def test_a_lead_switches_a_detector_on_and_off_and_sees_who_did(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    page = client.get(PAGE).content.decode()
    assert page.count(">Switch on<") == len(detectors.known())
    page = client.post(f"{PAGE}detectors/", {"detector": "abuse", "on": "1"}, follow=True).content.decode()
    assert "looks at every item that comes from now on" in page
    assert DetectorSetting.objects.get().by == cast.lead.user
    page = client.post(f"{PAGE}detectors/", {"detector": "abuse", "on": "0"}, follow=True).content.decode()
    assert "Switched before" in page
    assert cast.lead.user.name in page
    assert DetectorSetting.objects.get().ended_by == cast.lead.user


@pytest.mark.parametrize(("who", "status"), [("reviewer", 403), ("auditor", 403), ("ml", 403), ("stranger", 302)])
def test_others_switch_nothing(cast: Cast, browser: Browser, who: str, status: int) -> None:
    answer = browser(who).post(f"{PAGE}detectors/", {"detector": "abuse", "on": "1"})
    assert answer.status_code == status
    assert not DetectorSetting.objects.filter(source=cast.source).exists()


def test_an_unknown_detector_is_refused(cast: Cast, browser: Browser) -> None:
    answer = browser("admin").post(f"{PAGE}detectors/", {"detector": "mind", "on": "1"})
    assert answer.status_code == 422
    assert browser("admin").get(f"{PAGE}detectors/mind/").status_code == 404


def test_a_detector_is_tried_on_the_last_items_without_showing_what_it_found(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now(), output={"content": f"Send it to {IBAN}."})
    page = browser("lead").get(f"{PAGE}detectors/personal_data/").content.decode()
    assert "in 3 of the last 3 items" in page
    assert "IBAN in the answer" in page
    assert "DE89" not in page
    assert "Nothing found" in browser("lead").get(f"{PAGE}detectors/abuse/").content.decode()
    assert not DetectorSetting.objects.exists()


def test_a_trial_of_a_detector_that_fails_is_no_fault_of_the_page(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(given: Given) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(detectors, "looking", lambda: {"abuse": broken})
    queued(cast, now=now())
    assert browser("lead").get(f"{PAGE}detectors/abuse/").status_code == 200


def test_what_was_found_stands_beside_the_item(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse", "personal_data")
    queued(cast, now=now(), output={"content": "You idiot."})
    page = browser("lead").get(f"/items/{Item.objects.get().pk}/").content.decode()
    assert "profanity and abuse: insult in the answer" in page
    turn = browser("reviewer").post(reverse("claim"), follow=True).content.decode()
    assert "Profanity and abuse: insult in the answer" in turn


def test_a_rule_asks_for_a_finding_by_the_name_of_its_detector(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    client.post("/policies/+draft/")
    typed = {
        "top": "all",
        "g0-mode": "all",
        "g0-0-what": "finding_kind.has",
        "g0-0-name": "personal_data",
        "g0-0-value": "answer:iban",
        "name": "Given away",
        "queue": "careful",
        "do": "save",
    }
    page = client.post("/policies/draft/rules/+add/", typed, follow=True).content.decode()
    assert "the detector of personal data found: IBAN in the answer" in page
    assert RoutingRule.objects.filter(name="Given away").exists()
    answer = client.post("/policies/draft/rules/+add/", {**typed, "g0-0-name": "mind"})
    assert answer.status_code == 422
    assert "A detector is required: one of personal_data" in answer.content.decode()
    assert 'list="names-detector"' in answer.content.decode()
    assert '<datalist id="names-detector"><option value="personal_data">' in answer.content.decode()
