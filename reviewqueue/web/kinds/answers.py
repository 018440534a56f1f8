"""An answer and what became of it, kind by kind: as text, as facts, as candidates, as a difference."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from reviewqueue.common.exactjson import dumped
from reviewqueue.intake.models import Declaration, Kind
from reviewqueue.review.corrections import candidates_of

from ..covering import Cover, open_to_all
from ..difference import Change, difference
from ..safe_text import markdown, raw
from .facts import Fact, changes, facts

#: Kinds whose answers are objects, edited fact by fact.
OF_FACTS = (Kind.EXTRACTION, Kind.ACTION)

Value = dict[str, Any]
NOTHING = SafeString()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a comparison; ``key`` is the digit that prefers it, ``cover`` what its cover says, if any."""

    id: str
    key: str
    html: SafeString
    model: SafeString
    cover: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer ready to be shown: exactly one of ``html``, ``facts`` and ``candidates`` says it.

    ``cover``: what the cover of an ``html`` says, if it has one.
    """

    html: SafeString = NOTHING
    facts: list[Fact] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    tool: SafeString = NOTHING
    cover: str = ""

    @property
    def covered(self) -> bool:
        """Whether any of it is under a cover."""
        return bool(self.cover) or any(one.cover for one in self.candidates)


def shown_answer(kind: str, output: Value, order: list[str] | None = None, cover: Cover = open_to_all) -> Shown:
    """Return an output as it is shown; ``order`` is that of a comparison's candidates, where it was shuffled."""
    if kind in OF_FACTS:
        return Shown(facts=facts(facts_in(kind, output)), tool=raw(str(output.get("tool", ""))))
    if kind == Kind.COMPARISON:
        return Shown(candidates=_candidates(output, order, cover))
    text = text_of(kind, output)
    return Shown(html=markdown(text), cover=cover(text))


def shown_final(kind: str, final: Value | None) -> Shown:
    """Return a final output as it is shown; of a comparison it is one content."""
    if final is None:
        return Shown()
    return shown_answer(Kind.TEXT if kind == Kind.COMPARISON and "content" in final else kind, final)


def _candidates(output: Value, order: list[str] | None, cover: Cover) -> list[Candidate]:
    known = {one["id"]: one for one in output.get("candidates", [])}
    return [_candidate(known[one], n, cover) for n, one in enumerate(order or known, start=1)]


def _candidate(sent: Value, number: int, cover: Cover) -> Candidate:
    return Candidate(
        id=sent["id"],
        key=str(number) if number < 10 else "",
        html=markdown(sent["content"]),
        model=raw(str(sent.get("model") or "")),
        cover=cover(sent["content"]),
    )


def facts_in(kind: str, output: Value) -> Value:
    """Return the object that people edit: what was extracted, or the arguments of an action."""
    found = output.get("arguments") if kind == Kind.ACTION else output
    return found if isinstance(found, dict) else {}


def schema_of(kind: str, output: Value, declaration: Declaration | None) -> Value | None:
    """Return the declared schema of that object."""
    if declaration is None:
        return None
    if kind == Kind.ACTION:
        return (declaration.tools or {}).get(output.get("tool", ""))
    return declaration.json_schema


def text_of(kind: str, output: Value) -> str:
    """Return an output as the text that people compare and edit."""
    if kind in OF_FACTS:
        return dumped(facts_in(kind, output), indent=True)
    return str(output.get("label" if kind == Kind.CLASSIFICATION else "content", ""))


@dataclass(frozen=True, slots=True)
class Became:
    """What a correction or a final output made of the answer; empty where nothing can be shown."""

    change: Change | None = None
    facts: list[Fact] = field(default_factory=list)
    preferred: str = ""
    html: SafeString = NOTHING


def became(kind: str, output: Value, correction: Value | None) -> Became:
    """Return a correction (or the final output after one) as its difference to the answer."""
    if not correction:
        return Became()
    if kind in OF_FACTS:
        return Became(facts=changes(facts_in(kind, output), facts_in(kind, correction)))
    if kind == Kind.COMPARISON:
        preferred = correction.get("preferred") or ""
        content = correction.get("content") or candidates_of(output).get(preferred, "")
        return Became(preferred=preferred, html=markdown(content))
    after = text_of(kind, correction)
    return Became(change=difference(text_of(kind, output), after) if after else None)
