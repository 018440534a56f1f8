"""Parts of JSON texts are read to the letter, and numbers are written with the digits that they came with."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.exactjson import elements, exact, joined, parts, written

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
