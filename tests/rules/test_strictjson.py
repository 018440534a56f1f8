"""Evidence is exact (I-5): what is read is what was sent, and documents are the same only when they say the same."""

import json
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewqueue.common import jsonplaces, strictjson
from reviewqueue.common.errors import Malformed
from reviewqueue.common.strictjson import Document, decode, read, read_items, read_lines

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
NUMBER = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


def shuffled(value, chance: random.Random):
    """Return the same value with the keys of each object in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(one, chance) for one in value] if isinstance(value, list) else value


@given(VALUE)
@settings(deadline=None)
def test_a_document_keeps_its_exact_text_and_its_value(value) -> None:
    for escaped in (True, False):
        text = json.dumps(value, ensure_ascii=escaped)
        document = read(text)
        assert (document.text, document.value) == (text, value)


@given(st.integers(2**64, 2**80))
def test_integers_beyond_64_bits_are_told_apart(number: int) -> None:
    one, other = read(f"[{number}]"), read(f"[{number + 1}]")
    assert (one.text, one.canonical != other.canonical) == (f"[{number}]", True)


@given(VALUE, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_keys_and_space_do_not_make_another_document(value, chance: random.Random) -> None:
    other = json.dumps(
        shuffled(value, chance), indent=chance.choice([None, 2]), ensure_ascii=chance.choice([True, False])
    )
    assert read(json.dumps(value)).canonical == read(other).canonical


@given(VALUE, VALUE)
@settings(deadline=None)
def test_different_values_are_different_documents(one, other) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (read(json.dumps(one)).canonical == read(json.dumps(other)).canonical) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.0"), ("1.0", "1.00"), ("1e2", "100"), ("0.1", "0.10"), ("-0", "0"), ("1", '"1"'), ("1e2", "1E2")],
)
def test_numbers_written_differently_are_different_documents(one: str, other: str) -> None:
    assert read(f'{{"n": {one}}}').canonical != read(f'{{"n": {other}}}').canonical


@given(st.lists(VALUE, max_size=6))
@settings(deadline=None)
def test_every_element_of_a_batch_is_read_as_if_alone(values) -> None:
    texts = [json.dumps(value) for value in values]
    read_together = list(read_items('{ "items" : [ ' + " ,\n".join(texts) + " ] }\n"))
    assert [one.canonical for one in read_together] == [read(text).canonical for text in texts]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e400",
        "-1e999",
        "9" * 4_301,
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        '"\\u0000"',
        '{"\\u0000": 1}',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        "[" * 70 + "]" * 70,
        "[" * 100_000,
        "[" + "1," * 10_001 + "1]",
        "01",
        "[1,]",
        "'a'",
        "{} {}",
        "\ufeff{}",
    ],
)
def test_what_could_not_be_kept_exactly_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize("body", [b"\xff", b'"\xed\xa0\x80"', b'"\xc0\x80"'])
def test_what_is_no_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body)


@pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, "9" * 308, '"\\ud83d\\ude00"', "[1e308, 5e-324, -0.0]"])
def test_what_is_just_allowed_is_read(text: str) -> None:
    assert read(text).text == text


def test_one_bad_element_does_not_spoil_the_others() -> None:
    good, bad, last = read_items('{"items": [{"a": 1}, {"a": 1, "a": 2}, {"b": 1e400}]}')
    assert good.value == {"a": 1}  # type: ignore[union-attr]
    assert isinstance(bad, Malformed)
    assert isinstance(last, Malformed)


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"items": {}}', '{"items": [1}', '{"items": [1] ', '{"items": [1], "x": 2}', '{"items": [1 2]}'],
)
def test_a_batch_of_another_form_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(Malformed):
        list(read_items(text))


@pytest.mark.parametrize(
    "bad",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
        "[" + "0," * 10_000 + "0]",
        '{"a": [' + "[]," * 20_000 + "0]}",
        '{"a": "\\u0000"}',
        '{"a": ' + "9" * 5_000 + "}",
        '"' + "x" * strictjson.WINDOW + '\\ud800"',
        "1e999",
    ],
    ids=["deep", "deep inside", "many", "many inside", "U+0000", "long integer", "long string", "number"],
)
def test_an_element_that_breaks_a_limit_spoils_only_itself(bad: str) -> None:
    good = json.dumps({"a": '], [ \\ " {' * strictjson.WINDOW})
    one, refused, other, last = read_items(f'{{"items": [{good}, {bad}, {good} , 7]}}')
    assert isinstance(refused, Malformed)
    assert [one.text, other.text, last.text] == [good, good, "7"]  # type: ignore[union-attr]


def nodes_of(value) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(nodes_of, inner))


@given(VALUE)
@settings(deadline=None)
def test_values_are_counted_exactly(value) -> None:
    value = [value]
    count = nodes_of(value)
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(strictjson, "MAX_NODES", count)
        read(json.dumps(value))
        limits.setattr(strictjson, "MAX_NODES", count - 1)
        with pytest.raises(Malformed):
            read(json.dumps(value, indent=1))


def test_what_is_too_large_is_refused_before_anything_is_built_of_it() -> None:
    body = '{"items": [{"a": [' + "0," * 4_000_000 + "0]}]}"
    tracemalloc.start()
    (refused,) = read_items(body)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(refused, Malformed)
    assert peak < 3 * len(body)


def test_the_end_of_a_long_element_is_found_by_its_brackets() -> None:
    """The control: what is built first takes many times the memory."""
    body = "[" + "0," * 400_000 + "0]"
    tracemalloc.start()
    strictjson._decoder.decode(body)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak > 20 * len(body)


@given(st.lists(VALUE, max_size=6), st.sampled_from(["", "\n"]), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_every_line_is_read_as_if_alone(values, last: str, end: str) -> None:
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    lines = list(read_lines((end.join(texts) + (last if texts else "")).encode()))
    assert [one.text for one in lines] == texts  # type: ignore[union-attr]


def test_a_line_that_is_wrong_spoils_only_itself() -> None:
    lines = list(read_lines(b'{"a": 1}\n{"a": \n\n\xff\n' + b"[" * 100_000 + b'\n  {"b":\t2} \n'))
    assert [isinstance(one, Document) for one in lines] == [True, False, False, False, False, True]
    assert lines[-1].text == '{"b":\t2}'  # type: ignore[union-attr]


def refusal(text: str) -> Malformed:
    with pytest.raises(Malformed) as refused:
        read(text)
    return refused.value


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": NaN}', "#/a"),
        ('{"a": [1, -Infinity]}', "#/a/1"),
        ('{"a": {"b/c": [1, {"x": 1e400}]}}', "#/a/b~1c/1/x"),
        ('{"a": "NaN", "b": [NaN]}', "#/b/0"),
        ('{"k": "' + "9" * 5_000 + '", "n": ' + "9" * 5_000 + "}", "#/n"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "#/b/c"),
        ('{"b": "{,[\\"", "c": [], "c": 2}', "#/c"),
        ('{"c": 1, "\\u0063": 2}', "#/c"),
        ('{"a": {"c": 1}, "b": {"c": 1, "d": "\\u0000"}}', "#/b/d"),
        ("[" * 65 + "0" + "]" * 65, "#" + "/0" * 64),
        ('{"a": [' + "1," * 10_000 + "1]}", "#/a/9998"),
    ],
)
def test_what_is_refused_is_told_with_its_place(text: str, pointer: str) -> None:
    fault = refusal(text)
    assert [place.pointer for place in fault.places] == [pointer], fault.detail


@given(VALUE, st.lists(st.integers(0, 3) | TEXT, max_size=4), VALUE)
@settings(deadline=None)
def test_the_place_is_right_wherever_it_is(before, path: list[int | str], after) -> None:
    """Nested by ``path``: a number stands behind so many other values, a name behind another value of its object."""
    text = "NaN"
    for step in reversed(path):
        if isinstance(step, int):
            text = f"[{(json.dumps(before) + ',') * step}{text},{json.dumps(after)}]"
        else:
            text = f"{{{json.dumps(step + '!')}: {json.dumps(before)}, {json.dumps(step)}: {text}}}"
    parts = [str(step) if isinstance(step, int) else jsonplaces.escape(step) for step in path]
    assert [place.pointer for place in refusal(text).places] == ["/".join(["#", *parts])]


def test_a_text_that_is_no_json_is_not_walked_to_its_end() -> None:
    text = '{"a": {"b": 1, "b": 2}' + " x" * jsonplaces.MOST_TOKENS
    assert [place.pointer for place in refusal(text).places] == ["#/a/b"]
    assert len(list(jsonplaces.walk(text))) < jsonplaces.MOST_TOKENS
