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
    found = {kind for one in forms for kind in _found(one, spaced=False)}
    runs = (run for one in forms for run in _SPACED.findall(one))
    return found.union(*(_found(_BETWEEN.sub("", run), spaced=True) for run in runs))


def _found(form: str, *, spaced: bool) -> set[str]:
    written = form.encode("ascii", "replace")
    patterns = _patterns(spaced)
    if not patterns[_ANY].search(written):
        return set()
    return {kind for kind in _LISTS if patterns[kind].search(written)}


def plainly(text: str) -> str:
    """Return a text in small letters without accents or anything unseen between letters; ß becomes ss."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFKD", folded)
    return "".join(one for one in apart if unicodedata.category(one) not in {"Mn", "Cf"})


#: Single letters with signs or blanks between: an unbroken row of at least four.
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9@$!][ .\-_*]{1,2}){3,20}[a-z0-9@$!](?![a-z0-9])")
_BETWEEN = re.compile(r"[ .\-_*]")
#: One look for all kinds: most texts hold none.
_ANY = ""


@cache
def _patterns(spaced: bool) -> dict[str, Any]:
    every = [word for words in _LISTS.values() for word in words]
    return {kind: _pattern(words, spaced=spaced) for kind, words in {**_LISTS, _ANY: every}.items()}


def _pattern(words: Iterable[str], *, spaced: bool) -> Any:
    """Compile words on an engine with linear time: letters may be repeated, inner ones may be a star.

    Among ``spaced`` letters nobody knows where a word begins or ends.
    """
    options = re2.Options()
    options.never_capture = True
    edge = "" if spaced else r"\b"
    return re2.compile((edge + "(?:" + "|".join(map(_form, words)) + ")" + edge).encode(), options)


def _form(word: str) -> str:
    stem, star, _nothing = word.partition("*")
    phrase = r"[\s,]+".join(_letters(part) for part in stem.split("+"))
    return phrase + ("[a-z]*" if star else "")


def _letters(word: str) -> str:
    inner = "".join(f"(?:{one}+|[*#]+)" for one in word[1:-1])
    return f"{word[:1]}+{inner}{word[-1:]}+" if len(word) > 1 else f"{word}+"
