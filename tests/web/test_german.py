"""German from the start: every sentence has its translation, and the compiled catalogue is the one that is read."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from reviewqueue.triage.rules import explain
from reviewqueue.web.templatetags.look import span
from tests.cast import Cast
from tests.steps import queued

FOLDER = Path(settings.BASE_DIR) / "locale" / "de" / "LC_MESSAGES"
PLURAL = "\n| "
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z]+\}")


def catalogue() -> dict[str, list[str]]:
    """Return each message of the source file with its translations; a plural stands with its singular."""
    messages: dict[str, list[str]] = {}
    for block in (FOLDER / "django.po").read_text().split("\n\n"):
        found = dict.fromkeys(("msgid", "msgid_plural", "msgstr", "msgstr[0]", "msgstr[1]"), "")
        name = ""
        for line in block.splitlines():
            if match := re.match(r'(msg[a-z_]+(?:\[\d])?) (".*")$', line):
                name = match[1]
                found[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                found[name] += ast.literal_eval(line)
        messages[found["msgid"] + PLURAL * bool(found["msgid_plural"]) + found["msgid_plural"]] = [
            found[key] for key in ("msgstr", "msgstr[0]", "msgstr[1]") if found[key]
        ]
    messages.pop("")
    return messages


def test_every_message_is_translated_with_its_placeholders() -> None:
    for message, translations in catalogue().items():
        assert translations, message
        for one in translations:
            assert set(PLACEHOLDER.findall(one)) <= set(PLACEHOLDER.findall(message)), one


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    with (FOLDER / "django.mo").open("rb") as compiled:
        known = gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    told = {text for text in known.values() if text}
    assert {text for translations in catalogue().values() for text in translations} <= told


def test_every_word_of_the_templates_is_in_the_catalogue() -> None:
    known = catalogue()
    tag = re.compile(r"""\{% translate (?:"([^"]*)"|'([^']*)')|_\("([^"]*)"\)""")
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        for found in tag.finditer(path.read_text()):
            words = found[1] or found[2] or found[3]
            assert words in known, f"{path.name}: {words}"


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40\u00a0s"), (74, "1\u00a0min 14\u00a0s"), (86400 * 3, "3 Tage"), (7200, "2\u00a0h")]
)
def test_spans_are_said_in_german(seconds: int, words: str) -> None:
    with translation.override("de"):
        assert span(seconds) == words


def test_the_workbench_is_german_for_who_reads_german(cast: Cast, client: Client) -> None:
    cast.reviewer.user.language = "de"
    cast.reviewer.user.save()
    queued(cast)
    client.force_login(cast.reviewer.user)
    page = client.post(reverse("claim"), follow=True).content.decode()
    for words in ("Freigeben", "Bearbeiten", "Ablehnen", "Wie schwer wiegt der Fehler", "Warum der Fall hier ist"):
        assert words in page
    assert "Approve" not in page


def test_why_an_item_is_here_is_said_with_german_words_of_ours() -> None:
    reasons = [
        {"code": "kind.is", "value": "comparison", "limit": "comparison"},
        {"code": "condition", "condition": {"field": "risk_level", "op": "in", "value": ["low", "medium"]}},
        {"code": "source.is", "value": "chat", "limit": "chat"},
    ]
    with translation.override("de"):
        assert explain(reasons) == [
            "der Fall ist von der Art „Vergleich“",
            "das Risiko ist niedrig oder mittel",
            "der Fall kommt von chat",
        ]
