"""What an AI wrote is shown as text: it cannot act, fetch, or hide."""

import re

import pytest

from reviewqueue.web.difference import difference
from reviewqueue.web.safe_text import LONGEST_MARKDOWN, markdown, plain, raw

SHOWN = [markdown, plain, raw]
TAG = re.compile(r"<([a-z][a-z0-9]*)((?: [a-z-]+=\"[^\"<>]*\")*)>")
HARMLESS = {"href", "class", "target", "rel", "title"}

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<iframe srcdoc="<script>alert(1)</script>">',
    "[x](javascript:alert(1))",
    "[x](  java\nscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "![x](https://evil.example/pixel.png)",
    '![x](https://evil.example/"onerror="alert(1))',
    "<https://evil.example/><javascript:alert(1)>",
    "[x]: https://evil.example 'a\" onmouseover=alert(1)'\n\n[x]",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "<math><mtext></p><style><img src onerror=alert(1)>",
    "<style>@import 'https://evil.example'</style>",
    '<a href="https://evil.example" onclick="x">y</a>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "[a](https://bank.example@evil.example/)",
    "[a](https://evil.example\\@bank.example)",
    "<!--><img src=x onerror=alert(1)>-->",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "\x00<scr\x00ipt>alert(1)</script>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("show", SHOWN)
def test_no_text_becomes_active(show, payload: str) -> None:
    html = show(payload)
    opened = TAG.findall(html)
    assert html.count("<") == len(opened) + len(re.findall(r"</[a-z0-9]+>", html))
    assert not {name for name, _ in opened} & {"script", "img", "svg", "iframe", "style", "math", "object", "form"}
    for _name, attributes in opened:
        for name, value in re.findall(r" ([a-z-]+)=\"([^\"]*)\"", attributes):
            assert name in HARMLESS
            assert name != "href" or value.startswith(("https://", "http://"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_difference_is_escaped_too(payload: str) -> None:
    html = difference("before", payload).markup + difference(payload, "after").markup
    assert set(re.findall(r"</?([a-z]+)", html)) <= {"ins", "del", "span"}


def test_a_links_words_are_inert_and_its_host_can_be_clicked() -> None:
    html = markdown("[your bank](https://evil.example/login)")
    assert '<span class="inert">your bank</span>' in html
    assert re.search(r'<a class="host" href="https://evil.example/login"[^>]*>\[evil.example\]</a>', html)
    assert 'rel="noopener noreferrer nofollow"' in html


def test_a_host_that_only_looks_familiar_is_shown_as_what_it_is() -> None:
    assert "[xn--bnk-6cd.example]" in markdown("[x](https://b\u0430nk.example/)")


@pytest.mark.parametrize("address", ["https://bank.example@evil.example/", "https://evil.example\\@bank.example"])
def test_an_address_that_could_be_read_two_ways_cannot_be_clicked(address: str) -> None:
    assert "<a " not in markdown(f"[x]({address})")


def test_an_image_is_words() -> None:
    html = markdown("![a kitten](https://evil.example/k.png)")
    assert "a kitten" in html
    assert "[evil.example]" in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("one", "name"),
    [
        ("\u202e", "U+202E"),
        ("\u200b", "U+200B"),
        ("\u00ad", "U+00AD"),
        ("\U000e0041", "U+E0041"),
        ("\u3164", "U+3164"),
    ],
)
@pytest.mark.parametrize("show", SHOWN)
def test_what_cannot_be_seen_is_made_visible(show, one: str, name: str) -> None:
    assert f">{name}</span>" in show(f"pay{one}ment")


def test_what_an_entity_hides_is_made_visible() -> None:
    assert ">U+202E</span>" in markdown("a &#x202e; b")


@pytest.mark.parametrize("emoji", ["👨\u200d👩\u200d👧", "❤\ufe0f", "✌\ufe0f", "👍🏽"])
def test_an_emoji_stays_an_emoji(emoji: str) -> None:
    assert "unseen" not in markdown(f"hello {emoji}!")


def test_a_joiner_between_letters_does_not_hide() -> None:
    assert ">U+200D</span>" in plain("pay\u200dpal")


def test_limited_markdown_is_shown() -> None:
    html = markdown("**Free** return:\n\n- pack it\n- bring it\n\n1. one")
    for part in ("<strong>Free</strong>", "<ul>", "<ol>"):
        assert part in html


def test_a_very_long_text_is_shown_as_it_is() -> None:
    assert "<strong>" not in markdown("**x** " * LONGEST_MARKDOWN)


def test_a_persons_text_is_not_markdown() -> None:
    assert plain("*a*\nb\n\nc") == "<p>*a*<br>b</p><p>c</p>"


# --- difference --------------------------------------------------------------------------------------------------


def test_a_difference_replaces_in_place() -> None:
    change = difference("It will arrive on Friday.", "It will arrive on Monday.")
    assert change.markup == "It will arrive on <del>Friday</del> <ins>Monday</ins>."
    assert (change.words_out, change.words_in) == (1, 1)


def test_runs_of_words_are_joined_so_that_clauses_read() -> None:
    before = "Please pack it in the original box and bring it to a parcel shop."
    after = "Our carrier will call you to arrange a date for the pick-up."
    assert difference(before, after).markup.count("<del>") == 1


def test_the_same_text_has_no_difference() -> None:
    change = difference("One.\nTwo.", "One.\nTwo.")
    assert (change.markup, change.words_out, change.words_in) == ("One.\nTwo.", 0, 0)


@pytest.mark.parametrize(("before", "after"), [("", "new words"), ("old words", ""), ("", "")])
def test_an_empty_side_is_no_fault(before: str, after: str) -> None:
    change = difference(before, after)
    assert (change.words_out, change.words_in) == (len(before.split()), len(after.split()))


def test_what_stays_and_what_came_is_the_new_text() -> None:
    before = "You can return it within 14 days of delivery.\n\nWould you rather keep it?"
    after = "You have 30 days to return it, until 6 December.\n\nWould you rather keep it?"
    markup = difference(before, after).markup
    shown = re.sub(r"<del>.*?</del> ?", "", markup, flags=re.S).replace("<ins>", "").replace("</ins>", "")
    assert shown.split() == after.split()
