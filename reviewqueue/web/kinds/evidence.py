"""What the AI was given, kind by kind: a conversation, or texts with their names."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviewqueue.common.exactjson import dumped
from reviewqueue.intake.models import Item, Kind
from reviewqueue.intake.queries import body_of

from ..covering import Cover, open_to_all
from ..safe_text import markdown, plain, raw

VOICES = {"user": "customer", "assistant": "ai"}


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation, and what its cover says, if it has one."""

    voice: str
    name: SafeString
    html: SafeString
    cover: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its name, whether the AI itself wrote it, and what its cover says, if it has one."""

    name: str
    html: SafeString
    by_ai: bool = False
    cover: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What an answer was made from: a conversation, and texts with their names."""

    talk: list[Said] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def covered(self) -> bool:
        """Whether any of it is under a cover."""
        return any(one.cover for one in self.talk) or any(one.cover for one in self.texts)


def given_of(kind: str, body: dict[str, Any], cover: Cover = open_to_all) -> Given:
    """Return what an item's answer was made from."""
    given = body.get("input")
    if not isinstance(given, dict):
        return Given()
    return Given(
        talk=[_said(one, cover) for one in given.get("messages") or [] if isinstance(one, dict)],
        texts=list(_texts(kind, given, cover)),
    )


def _said(message: dict[str, Any], cover: Cover) -> Said:
    voice = VOICES.get(str(message.get("role")), "machine")
    text = str(message.get("content", ""))
    names = {"customer": _("Customer"), "ai": _("AI")}
    name = str(message.get("name") or names.get(voice) or message.get("role", ""))
    return Said(voice, raw(name), markdown(text) if voice == "ai" else plain(text), cover(text))


def _texts(kind: str, given: dict[str, Any], cover: Cover) -> Iterator[Text]:
    if kind == Kind.CHAT:
        return
    for name, title in (("prompt", _("Prompt")), ("text", _("Text"))):
        if isinstance(given.get(name), str):
            yield Text(title, plain(given[name]), cover=cover(given[name]))
    if isinstance(plan := given.get("plan"), str | list):
        steps = plan if isinstance(plan, str) else "\n".join(f"{n}. {one}" for n, one in enumerate(plan, 1))
        yield Text(_("The AI's plan"), plain(steps), by_ai=True, cover=cover(steps))
    if kind == Kind.CLASSIFICATION and not isinstance(given.get("text"), str):
        text = dumped(given, indent=True)
        yield Text(_("Input"), plain(text), cover=cover(text))


def about(item: Item) -> str:
    """Return one line that says what an item is about: the customer's last words, or the text that was given."""
    body = body_of(item)
    given = body.get("input")
    if not isinstance(given, dict):
        given = {}
    asked = [one for one in given.get("messages") or [] if isinstance(one, dict) and one.get("role") == "user"]
    text = asked[-1].get("content") if asked else given.get("text") or given.get("prompt")
    return str(text or _tool(body.get("output")))[:200]


def _tool(output: Any) -> str:
    return str(output.get("tool") or "") if isinstance(output, dict) else ""
