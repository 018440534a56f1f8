"""Personal data by its form and its check digits: what is found, what is not, and against another's arithmetic."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn as other_luhn
from stdnum.ch import ssn as other_swiss
from stdnum.de import idnr as other_tax_id
from stdnum.iso7064 import mod_97_10

from reviewqueue.detectors import Given, Veil, looking
from reviewqueue.detectors.checksums import (
    IBAN_LENGTHS,
    is_card,
    is_german_pension_number,
    is_german_tax_id,
    is_iban,
    is_luhn,
    is_swiss_insurance_number,
)
from reviewqueue.detectors.personal import spans

RIGHT = {
    "iban": [
        "DE89 3704 0044 0532 0130 00",
        "gb82west12345698765432",
        "AT61 1904 3002 3457 3201",
        "CH93-0076-2011-6238-5295-7",
    ],
    "card": ["4111 1111 1111 1111", "5500-0055-5555-5559", "378282246310005", "6011000990139424"],
    "tax_id": ["86 095 742 719", "65929970489"],
    "pension_number": ["15070649C103", "15 070649 C 103"],
    "insurance_number": ["756.9217.0769.85"],
    "email": ["anna.schmidt+shop@mail.example.co.uk", "ä.ö@münchen.example"],
    "phone": [
        "+49 171 1234567",
        "0049 30 123456",
        "(030) 1234-567",
        "030/123 45 67",
        "01711234567",
        "(555) 123-4567",
    ],
    "ip_address": ["192.168.17.4", "2001:db8::ff00:42:8329", "fe80::1"],
}
WRONG = {
    "iban": ["DE89 3704 0044 0532 0130 01", "DE89 3704 0044 0532 0130", "XX89370400440532013000"],
    "card": ["4111 1111 1111 1112", "9999 9999 9999 9995", "4111.1111.1111.1111"],
    "tax_id": ["86095742718", "11111111111"],
    "pension_number": ["15070649C104", "15970649C103"],
    "insurance_number": ["756.9217.0769.84"],
    "email": ["anna@home", "@mention", "a @ b.de"],
    "phone": ["01.02.2026", "2026-11-23 09:15", "05/06/2026 100", "1.234.567,89", "order 4711 0815 12", "+49"],
    "ip_address": ["256.1.1.1", "1.2.3", "10:30:15", "1.2.3.4.5", "::"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in RIGHT.items() for text in texts])
def test_what_proves_itself_is_found_where_it_stands(kind: str, text: str) -> None:
    around = f"Please note {text}, thank you."
    assert [(around[one.start : one.end], one.kind) for one in spans(around)] == [(text, kind)]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_what_only_looks_like_it_is_left(kind: str, text: str) -> None:
    assert kind not in {one.kind for one in spans(f"Please note {text}, thank you.")}


def test_many_in_one_text_are_each_found_once() -> None:
    text = "4111 1111 1111 1111 01.02.2027, DE89370400440532013000 und danke, +49 171 1234567 or 030 12345 67."
    assert [one.kind for one in spans(text)] == ["card", "iban", "phone", "phone"]
    assert all(one.end <= other.start for one, other in zip(spans(text), spans(text)[1:], strict=False))


def test_the_answer_is_told_apart_from_what_the_person_said() -> None:
    looks = looking()["personal_data"]
    theirs = looks(Given(answer="Gladly.", context="I am at anna@example.com, 0171/1234567"))
    assert (theirs.score, theirs.kinds) == (0.95, ("email", "phone"))
    given_away = looks(Given(answer="Her card is 4111111111111111.", context="What is her card?"))
    assert given_away.kinds == ("card", "answer:card")
    assert looks(Given(answer="Gladly.")).score == 0.0


# --- another's arithmetic -----------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789", min_size=10, max_size=19))
def test_check_digits_agree_with_another_library(digits: str) -> None:
    assert is_luhn(digits) == other_luhn.is_valid(digits)
    eleven, thirteen = digits[:11].ljust(11, "7"), "756" + digits[:10]
    assert is_german_tax_id(eleven) == other_tax_id.is_valid(eleven)
    assert is_swiss_insurance_number(thirteen) == other_swiss.is_valid(thirteen)


def test_every_right_tax_number_and_no_other_is_right_for_both() -> None:
    chance = random.Random(7)
    for _round in range(300):
        digits = [chance.sample(range(1, 10), 1)[0], *chance.sample(range(10), 9)]
        begin = "".join(map(str, digits))
        for last in "0123456789":
            assert is_german_tax_id(begin + last) == other_tax_id.is_valid(begin + last), begin + last


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.integers(2, 98), st.integers(0, 10**26))
def test_accounts_agree_with_another_library(country: str, check: int, number: int) -> None:
    account = f"{country}{check:02d}{number:026d}"[: IBAN_LENGTHS[country]]
    assert is_iban(account) == mod_97_10.is_valid(account[4:] + account[:4])


@pytest.mark.parametrize("digits", ["4111111111111111", "5500005555555559", "15070649C103"])
def test_one_wrong_or_swapped_digit_is_noticed(digits: str) -> None:
    right = is_german_pension_number if "C" in digits else is_card
    assert right(digits)
    for place in [n for n, one in enumerate(digits) if one.isdigit()][9:]:
        other = str((int(digits[place]) + 1) % 10)
        assert not right(digits[:place] + other + digits[place + 1 :])


# --- hiding -------------------------------------------------------------------------------------------------------


def veil() -> Veil:
    return Veil(lambda kind: kind)


def test_the_same_thing_is_hidden_by_the_same_number() -> None:
    hidden = veil()
    first = hidden.text("Is DE89 3704 0044 0532 0130 00 mine, or AT61 1904 3002 3457 3201?")
    second = hidden.text("It is de89370400440532013000, and anna@example.com is you.")
    assert first == "Is ⟨iban 1⟩ mine, or ⟨iban 2⟩?"
    assert second == "It is ⟨iban 1⟩, and ⟨email 1⟩ is you."
    assert hidden.kinds == ["iban", "email"]


def test_everything_inside_a_value_is_hidden_and_the_rest_stays() -> None:
    value = {"to": ["anna@example.com"], "anna@example.com": 1.5, "card": 4111111111111111, "ok": True, "n": None}
    assert veil().value(value) == {"to": ["⟨email 1⟩"], "⟨email 1⟩": 1.5, "card": "⟨card 1⟩", "ok": True, "n": None}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from([one for kind in RIGHT.values() for one in kind])), max_size=8
    )
)
def test_nothing_that_is_found_is_left_after_hiding(parts: list[str]) -> None:
    hidden = veil().text(" ; ".join(parts))
    assert [one for one in spans(hidden) if hidden[one.start : one.end] in parts] == []


@pytest.mark.parametrize("hostile", ["1 ", "1.", "((", "a@", "DE12 ", "::", "12 ", "+", "0 ", "1-"])
def test_time_grows_with_the_text_and_not_with_its_square(hostile: str) -> None:
    def seconds(length: int) -> float:
        begun = time.perf_counter()
        spans((hostile * length)[:length])
        return time.perf_counter() - begun

    seconds(1_000)
    short, long = (min(seconds(length) for _try in range(3)) for length in (5_000, 20_000))
    assert long < 12 * short + 0.02
