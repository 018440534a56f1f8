"""Evidence is exact (I-5): the SHA-256 stored is that of the bytes sent, and what is read is what was sent."""

import hashlib
import json
import os
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewqueue.common.ids import new_id
from reviewqueue.intake.models import ItemContent
from tests.api.conftest import Api
from tests.cast import item

EXAMPLES = int(float(os.environ.get("SCALE", 1)) * 12)

FLOATS = [
    "4.20e-1",
    "0.420",
    "4.2E-01",
    "0.1000000000000000055511151231257827",
    "1e-400",
    "5e-324",
    "0.30000000000000004",
    "-0.0",
]
WORDS = [
    "\u202eevil\u202c \u2066isolated\u2069 \u200f\u200e",
    "e\u0301 \u00e9 \ufb01 \u1e9e \u0130 \uff21",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "\u2028\u2029\u0085\u00a0\ufeff",
    '\\n \\t \\" \\\\ \\/ \\b \\u00e4 \\ud83d\\ude00 \\u202e',
    "\u0378 \ue000 \U0010ffff \ufffe",
    "<script>alert(1)</script> {{ 7*7 }} %s %(now)s $1 ; DROP TABLE",
    '], [ } { , : \\" \x7f',
]
SPACE = ["", " ", "\n", "\t \r\n", "  \n\n  "]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """An item as some client might write it: its text, to the letter."""
    any_text = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters='\x00"\\', min_codepoint=0x20), max_size=40
    )
    said, content = (draw(st.sampled_from(WORDS) | any_text.filter(str.strip)) for _ in range(2))
    space = st.sampled_from(SPACE)
    fields = [
        ("external_id", f'"{new_id()}"'),
        ("source", '"support-chatbot"'),
        ("kind", draw(st.sampled_from(['"chat"', '"ch\\u0061t"']))),
        ("input", f'{{"messages": [{{"role": "user",{draw(space)}"content":"{said}"}}]}}'),
        ("output", f'{{{draw(space)}"content"{draw(space)}:{draw(space)}"x{content}"}}'),
        ("confidence", draw(st.sampled_from(FLOATS))),
        ("attributes", f'{{"n":{draw(st.integers(-(2**62), 2**62))}, "f": {draw(st.sampled_from(FLOATS))}}}'),
    ]
    random.Random(draw(st.integers(0, 99))).shuffle(fields)
    return "{" + draw(space) + ("," + draw(space)).join(f'"{name}":{value}' for name, value in fields) + "}"


def one_by_one(api: Api, sent: list[str]) -> list[str]:
    return [api.post("items", text.encode()).json()["id"] for text in sent]


def as_list(api: Api, sent: list[str]) -> list[str]:
    body = '{"items": [' + " ,\n".join(sent) + "]}"
    return [one["id"] for one in api.post("items/batch", body.encode()).json()["results"]]


def as_lines(api: Api, sent: list[str]) -> list[str]:
    body = "\n".join(sent) + "\n"
    answer = api.post("items/batch", body.encode(), type="application/x-ndjson")
    return [one["id"] for one in answer.json()["results"]]


def one_line(text: str) -> str:
    """Return a text without the line ends that newline-delimited JSON cannot hold."""
    return text.replace("\r", " ").replace("\n", " ")


def is_exact(api: Api, made: str, sent: str) -> None:
    stored = ItemContent.objects.get(item_id=made)
    assert stored.body == sent
    assert bytes(stored.sha256) == hashlib.sha256(sent.encode()).digest()
    answer = api.get(f"items/{made}")
    assert answer.content.endswith(sent[1:].encode())
    ours = {"id", "state", "received_at"}
    given, shown = json.loads(sent), json.loads(answer.content)
    assert {name: value for name, value in shown.items() if name not in ours} == given
    assert orjson.loads(answer.content)["id"] == made


@pytest.mark.parametrize("send", [one_by_one, as_list, as_lines])
@given(sent=st.lists(texts(), min_size=1, max_size=4))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_stored_and_shown_is_what_was_sent_to_the_letter(
    api: Api, send: Callable[[Api, list[str]], list[str]], sent: list[str]
) -> None:
    sent = [one_line(text) for text in sent] if send is as_lines else sent
    for made, text in zip(send(api, sent), sent, strict=True):
        is_exact(api, made, text)


@pytest.mark.parametrize("send", [one_by_one, as_list, as_lines])
def test_half_a_megabyte_is_kept_to_the_letter(api: Api, send: Callable[[Api, list[str]], list[str]]) -> None:
    draw = random.Random(5)
    said = "".join(draw.choice(["\u00e4", "\U0001f600", "\\u202e", "x", " ", "\\n", "], "]) for _ in range(120_000))
    sent = [_with_words(said[: 100 * 1024]), _with_words("y" * 500_000), _with_words("short")]
    for made, text in zip(send(api, sent), sent, strict=True):
        is_exact(api, made, text)


def _with_words(words: str) -> str:
    given: dict[str, Any] = item(str(new_id()), output={"content": "WORDS"})
    return json.dumps(given).replace("WORDS", words)


@pytest.mark.parametrize("many", [1, 39, 41, 120], ids=["one", "few", "more", "many"])
def test_it_does_not_depend_on_how_many_are_stored_together(api: Api, many: int) -> None:
    sent = [_with_words(WORDS[number % len(WORDS)]) for number in range(many)]
    for made, text in zip(as_list(api, sent), sent, strict=True):
        stored = ItemContent.objects.get(item_id=made)
        assert (stored.body, bytes(stored.sha256)) == (text, hashlib.sha256(text.encode()).digest())


def test_one_changed_byte_is_another_digest(api: Api) -> None:
    """The tooth: the digest is of what was sent, not of what it means."""
    sent = _with_words("x").replace('"kind": ', '"kind":  ')
    (made,) = one_by_one(api, [sent])
    stored = bytes(ItemContent.objects.get(item_id=made).sha256)
    assert stored == hashlib.sha256(sent.encode()).digest()
    assert stored != hashlib.sha256(json.dumps(json.loads(sent)).encode()).digest()
