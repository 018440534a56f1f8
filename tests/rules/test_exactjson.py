"""Parts of JSON texts are read to the letter, and numbers are written with the digits that they came with."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.exactjson import dumped, elements, exact, joined, numbered, parts, written
from reviewqueue.common.samejson import same_text

DIGITS = ["123456789012345678901234567890", "-18446744073709551617", "1.10", "1E5", "-0", "0.1000000000000000055511"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_the_parts_of_an_object_are_what_was_written_between_its_commas(value: dict[str, Any], indent: Any) -> None:
    text = json.dumps(value, indent=indent)
    found = parts(f" \n{text}")
    assert {name: json.loads(part) for name, part in found.items()} == value
    assert all(part in text for part in found.values())


@pytest.mark.parametrize("digits", DIGITS)
def test_a_number_is_written_again_with_its_own_digits(digits: str) -> None:
    text = f'{{"a":[{digits},{{"b":{digits}}}],"c":"{digits}"}}'
    assert orjson.dumps(exact(text)).decode() == text
    assert parts(text)["a"] == f'[{digits},{{"b":{digits}}}]'


@pytest.mark.parametrize("digits", DIGITS)
def test_what_nobody_changed_keeps_its_digits(digits: str) -> None:
    like = f'{{"order":{digits},"lines":[{digits},2],"was":{digits},"flag":1}}'
    value = orjson.loads(like) | {"was": 7, "flag": True}
    value["lines"] += [3]
    assert written(value, like=like) == f'{{"order":{digits},"lines":[{digits},2,3],"was":7,"flag":true}}'


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_the_elements_of_a_list_are_what_was_written_between_its_commas(value: list[Any], indent: Any) -> None:
    found = elements(json.dumps(value, indent=indent))
    assert [json.loads(one) for one in found] == value
    numbered = {str(number): one for number, one in enumerate(value)}
    assert json.loads(joined({str(number): one for number, one in enumerate(found)})) == numbered


@pytest.mark.parametrize("digits", DIGITS)
def test_a_number_that_is_shown_and_written_again_is_the_same_text(digits: str) -> None:
    text = f'{{"a":[{digits},{{"b":{digits}}}],"c":"{digits}","d":null}}'
    value = numbered(text)
    assert str(value["a"][0]) == digits
    assert dumped(value) == text
    assert numbered(dumped(value, indent=True)) == value


def test_only_numbers_are_written_as_they_are() -> None:
    with pytest.raises(TypeError):
        dumped({"a": object()})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.10", "1.1", True),
        ("100000", "1E5", True),
        ("-0", "0.0", True),
        ("0e99", "0", True),
        ("1", "true", False),
        ("123456789012345678901234567890", "123456789012345678901234567891", False),
        ("123456789012345678901234567890", "1.2345678901234567890123456789e29", True),
        ("0.12345678901234567890", "0.1234567890123456789", True),
        ("0.12345678901234567890", "0.12345678901234567891", False),
        (f"1e-{'9' * 5000}", "0", False),
    ],
)
def test_numbers_say_the_same_when_all_their_digits_do(one: str, other: str, same: bool) -> None:
    assert (same_text(numbered(f"[{one}]")) == same_text(numbered(f"[{other}]"))) is same


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_with_its_digits_says_the_same_as_its_value(value: float) -> None:
    assert same_text(numbered(json.dumps(value))) == same_text(value)
