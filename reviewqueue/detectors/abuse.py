"""Profanity, insults, slurs and threats, also where letters were swapped, stretched, starred or spaced out."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import re2

from .abuse_words import INSULTS, PROFANITY, SLURS, THREATS
from .given import IN_ANSWER, Found, Given

#: How bad each kind is.
WEIGHT = {"profanity": 0.4, "insult": 0.7, "threat": 0.9, "slur": 1.0}
_LISTS = {"profanity": PROFANITY, "insult": INSULTS, "slur": SLURS, "threat": THREATS}
#: Signs that stand for letters in words that hide.
_SWAPPED = str.maketrans("013457@$!€|", "oieastasiei")


def look(given: Given) -> Found:
    """Tell which kinds of hurting words stand in an item, and which of them in the answer."""
    answer = kinds_in(given.answer)
    anywhere = answer | kinds_in(given.context)
    kinds = *sorted(anywhere), *sorted(IN_ANSWER + one for one in answer)
    return Found(max((WEIGHT[one] for one in anywhere), default=0.0), kinds)


def kinds_in(text: str) -> set[str]:
    """Return the kinds of hurting words in a text."""
    plain = plainly(text)
    forms = {plain, plain.translate(_SWAPPED)}
    if _SPACED.search(plain):
        forms |= {_SPACED.sub(_together, one) for one in tuple(forms)}
    found: set[str] = set()
    for form in forms:
        written = form.encode("ascii", "replace")
        if _any().search(written):
            found |= {kind for kind, pattern in _by_kind().items() if pattern.search(written)}
    return found


def plainly(text: str) -> str:
    """Return a text in small letters without accents or anything unseen between letters; ß becomes ss."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFKD", folded)
    return "".join(one for one in apart if unicodedata.category(one) not in {"Mn", "Cf"})


#: Single letters with signs or blanks between: an unbroken row of at least four.
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9@$!][ .\-_*]{1,2}){3,20}[a-z0-9@$!](?![a-z0-9])")


def _together(found: re.Match[str]) -> str:
    return re.sub(r"[ .\-_*]", "", found[0])


@cache
def _by_kind() -> dict[str, Any]:
    return {kind: _pattern(words) for kind, words in _LISTS.items()}


@cache
def _any() -> Any:
    """One look for all of them: most texts hold none."""
    return _pattern(word for words in _LISTS.values() for word in words)


def _pattern(words: Iterable[str]) -> Any:
    """Compile words on an engine with linear time: letters may be repeated, inner ones may be a star."""
    options = re2.Options()
    options.never_capture = True
    return re2.compile((r"\b(?:" + "|".join(map(_form, words)) + r")\b").encode(), options)


def _form(word: str) -> str:
    stem, star, _nothing = word.partition("*")
    phrase = r"[\s,]+".join(_letters(part) for part in stem.split("+"))
    return phrase + ("[a-z]*" if star else "")


def _letters(word: str) -> str:
    inner = "".join(f"(?:{one}+|[*#]+)" for one in word[1:-1])
    return f"{word[:1]}+{inner}{word[-1:]}+" if len(word) > 1 else f"{word}+"
