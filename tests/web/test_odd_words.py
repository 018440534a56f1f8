"""What no person types, sent to pages all the same: it is answered as what it is, and never as a fault of ours."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.cast import Cast

Browser = Callable[[str], Client]


@pytest.mark.parametrize("address", ["/stops/+begin/?source=%00", "/stops/+begin/?queue=a%00b"])
def test_nul_in_an_address_is_not_understood(cast: Cast, browser: Browser, address: str) -> None:
    assert browser("lead").get(address).status_code == 400


def test_nul_in_a_form_is_not_understood_and_said_on_a_page(cast: Cast, browser: Browser) -> None:
    answer = browser("lead").post("/promises/set/", {"queue": "a\x00b", "minutes": "60"})
    assert answer.status_code == 400
    assert "That request could not be read." in answer.content.decode()


@pytest.mark.parametrize("address", ["/preferences/", "/duty/"])
@pytest.mark.parametrize("back", ["-1", "items", "https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_leads_to_a_page_of_the_product_alone(
    cast: Cast, browser: Browser, address: str, back: str
) -> None:
    client = browser("reviewer")
    answer = client.post(address, {"next": back, "theme": "dark"})
    assert (answer.status_code, answer.url) == (302, "/" if address == "/preferences/" else "/my-queue/")
    assert client.post(address, {"next": "/items/?q=a"}).url == "/items/?q=a"
