"""What an answer claims and the given documents do not: amounts, shares, durations, dates, numbers, a "not".

Lexical: it compares what is written, and understands nothing. A claim that nothing given supports is a sign (0.5, a
bare number 0.3); a claim where a passage about the same says another value is a stronger one (0.9), and so is a
sentence that is nearly a document's own but for the negation (0.7).
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .given import Found, Given

UNSUPPORTED = {"amount": 0.5, "percent": 0.5, "duration": 0.5, "date": 0.5, "number": 0.3}
CONFLICT, NEGATION = 0.9, 0.7
MOST_SENTENCES = 60
#: Documents come again and again; what was read of the last ones is kept.
REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that can be compared: a kind and its value in one form (``14 days`` is ``("days", 14.0)``)."""

    kind: str
    value: object


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: what it claims, the beginnings of its words of content, and whether it denies."""

    claims: frozenset[Claim]
    stems: frozenset[str]
    denies: bool


def look(given: Given) -> Found:
    """Tell what the answer claims beyond, or against, the documents; nothing without any."""
    if not given.documents:
        return Found()
    passages = [one for text in given.documents for one in sentences(text)]
    known = {claim for one in passages for claim in one.claims} | set(_claims(given.context))
    found: dict[str, float] = {}
    for sentence in sentences(given.answer)[:MOST_SENTENCES]:
        for kind, score in _against(sentence, passages, known):
            found[kind] = max(score, found.get(kind, 0.0))
    return Found(max(found.values(), default=0.0), tuple(sorted(found)))


def _against(sentence: Sentence, passages: list[Sentence], known: set[Claim]) -> Iterator[tuple[str, float]]:
    for claim in sentence.claims - known:
        yield claim.kind, UNSUPPORTED[claim.kind]
        if claim.kind != "number" and any(_says_otherwise(one, sentence, claim.kind) for one in passages):
            yield "conflict", CONFLICT
    if len(sentence.stems) > 2 and any(_denies(one, sentence) for one in passages):
        yield "negation", NEGATION


def _says_otherwise(passage: Sentence, sentence: Sentence, kind: str) -> bool:
    """Return whether a passage about the same has a claim of this kind."""
    return any(one.kind == kind for one in passage.claims) and len(passage.stems & sentence.stems) > 1


def _denies(passage: Sentence, sentence: Sentence) -> bool:
    """Return whether a passage says nearly the same words, and one of both denies it."""
    if passage.denies == sentence.denies:
        return False
    return len(passage.stems & sentence.stems) >= 0.75 * max(len(sentence.stems), len(passage.stems))


# --- reading --------------------------------------------------------------------------------------------------------

_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])|\n+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_DIGIT = re.compile("[0-9]")


@lru_cache(maxsize=REMEMBERED)
def sentences(text: str) -> tuple[Sentence, ...]:
    """Return the sentences of a text, read."""
    return tuple(_sentence(one) for one in _ENDS.split(text) if one.strip())


def _sentence(text: str) -> Sentence:
    words = [one.casefold() for one in _WORD.findall(text)]
    stems = frozenset(one[:6] for one in words if len(one) > 3 and one not in _COMMON and one not in _NOT)
    denials = sum(one in _NOT for one in words) + len(_SHORTENED.findall(text))
    counts = _DIGIT.search(text) or not _NUMERALS.keys().isdisjoint(words)
    return Sentence(frozenset(_claims(text)) if counts else frozenset(), stems, denials % 2 == 1)


_NOT = frozenset(
    "not no never none nothing cannot without neither nor"
    " nicht kein keine keinen keinem keiner keines nie niemals nichts ohne weder".split()
)
_SHORTENED = re.compile(r"(?i)\b\w{2,8}n['’]t\b")
_COMMON = frozenset(
    "this that with from your have will they them then than there their what when where which would could should been"
    " also only into about please thank thanks sind sein wird werden wurde haben dass oder aber auch eine einen einem"
    " einer eines ihre ihren ihrem ihrer diese dieser dieses diesen nach beim über können bitte danke wenn".split()
)


# --- claims ---------------------------------------------------------------------------------------------------------

_N = r"(?:[0-9]{1,3}(?:[.,' \u00a0][0-9]{3}){1,3}|[0-9]{1,12})(?:[.,][0-9]{1,2})?"
_UNITS = {
    "hours": (r"hours?|hrs?|stunden?|std", 1.0),
    "days": (r"(?:business |working |calendar )?days?|(?:werk|arbeits|kalender)?tage?n?", 24.0),
    "weeks": (r"weeks?|wochen?", 168.0),
    "months": (r"months?|monate?n?", 0.0),
    "years": (r"years?|jahre?n?", 0.0),
    "minutes": (r"minutes?|minuten?|min", 1 / 60),
}
_NUMERALS = {
    **dict(zip("one two three four five six seven eight nine ten twelve".split(), (*range(1, 11), 12), strict=True)),
    **dict(zip("zwei drei vier fünf sechs sieben acht neun zehn zwölf".split(), (*range(2, 11), 12), strict=True)),
}
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
    )
    for number, name in enumerate(names.split(), start=1)
}
_NAMED = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CLAIM = re.compile(
    rf"(?P<iso>\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b)"
    rf"|(?P<dotted>\b[0-9]{{1,2}}\. ?[0-9]{{1,2}}\.(?: ?[0-9]{{4}}|[0-9]{{2}}\b)?)"
    rf"|\b(?P<day>[0-9]{{1,2}})(?:\.|st|nd|rd|th)? (?:of )?(?P<month>{_NAMED})\b"
    rf"|\b(?P<month2>{_NAMED}) (?P<day2>[0-9]{{1,2}})(?:st|nd|rd|th)?\b(?!:)"
    rf"|(?P<share>{_N}) ?(?:%|percent\b|prozent\b)"
    rf"|(?:€|\$|£|\beur\b|\busd\b|\bchf\b|\bgbp\b) ?(?P<money>{_N})"
    rf"|(?P<money2>{_N}) ?(?:€|\$|£|(?:euros?|eur|usd|dollars?|chf|franken|gbp|pounds?|cents?)\b)"
    rf"|(?P<lasts>\b(?:[0-9]{{1,4}}|{'|'.join(_NUMERALS)}))[ -]"
    rf"(?:{'|'.join(f'(?P<{name}>{form})' for name, (form, _hours) in _UNITS.items())})\b"
    rf"|(?P<number>\b{_N}\b)",
    re.IGNORECASE,
)


def _claims(text: str) -> Iterator[Claim]:
    for found in _CLAIM.finditer(text):
        claim = _claim({name: part for name, part in found.groupdict().items() if part})
        if claim:
            yield claim


def _claim(parts: dict[str, str]) -> Claim | None:
    match parts:
        case {"iso": written}:
            return Claim("date", (int(written[5:7]), int(written[8:])))
        case {"dotted": written}:
            day, month, *_year = (int(one) for one in re.findall("[0-9]+", written))
            return Claim("date", (month, day))
        case {"day": day, "month": month} | {"day2": day, "month2": month}:
            return Claim("date", (_MONTHS[month.casefold()], int(day)))
        case {"share": written}:
            return Claim("percent", _number(written))
        case {"money": written} | {"money2": written}:
            return Claim("amount", _number(written))
        case {"lasts": written}:
            return Claim("duration", _lasting(written.casefold(), parts))
        case {"number": written} if len(written) > 1:
            return Claim("number", _number(written))
    return None


def _lasting(written: str, parts: Container[str]) -> tuple[str, float]:
    """Return a duration in one form: hours where it can be said in hours, months elsewhere."""
    count = float(_NUMERALS.get(written) or written)
    unit = next(one for one in _UNITS if one in parts)
    if unit in {"months", "years"}:
        return "months", count * (12 if unit == "years" else 1)
    return "hours", round(count * _UNITS[unit][1], 3)


def _number(written: str) -> float:
    """Return a number that may be written the English or the German way: ``1,299.50``, ``1.299,50``, ``49``."""
    digits = re.sub(r"[' \u00a0]", "", written)
    if re.fullmatch(r"[0-9]+(?:[.,][0-9]{3})+", digits):
        return float(re.sub("[.,]", "", digits))
    whole, mark, rest = digits.rpartition(max(".", ",", key=digits.rfind))
    return float(re.sub("[.,]", "", whole) + "." + rest) if mark else float(digits)
