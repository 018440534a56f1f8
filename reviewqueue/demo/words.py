"""Words for retrieval: tokens, light stems, the language of a text, and where a second question starts."""

from __future__ import annotations

import re

from reviewqueue.demo.handbook import split_sentences

TOKEN = re.compile(r"[a-zäöüß0-9]+")
SECOND_QUESTION = re.compile(r"^(and|also|und|außerdem)\b", re.IGNORECASE)
ENGLISH_ENDINGS = ("ations", "ation", "ings", "ing", "ied", "ies", "ed", "ly", "es", "s", "e")
GERMAN_ENDINGS = ("ungen", "ung", "ern", "em", "en", "er", "es", "st", "e", "n", "s", "t")
SHORTEST_STEM = 3
SMALL_ENGLISH_WORDS = """
a an and are as at be been but by can could did do does for from had has have he hello hi how i if in is it
its me my no not of on or our she so some that the their them then there they this to us was we were what when
where which who will with would you your please dear am any im t s d ll ve just than because
"""
SMALL_GERMAN_WORDS = """
der die das den dem des ein eine einen einem einer und oder ich wir sie er es mein meine meinen meiner mir
mich ihr ihre ihren ihnen ist sind war waren wird werden wurde hat habe haben hatte bin bei mit von vom zu zum
zur im in an am auf aus für nicht kein keine auch noch was wie wo wann wer dass so nur da doch denn bitte
hallo kann können man sich uns bis als nach hier
"""
ENGLISH_STOPWORDS = frozenset(SMALL_ENGLISH_WORDS.split())
GERMAN_STOPWORDS = frozenset(SMALL_GERMAN_WORDS.split())


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return TOKEN.findall(text.lower())


def stems(text: str, locale: str) -> list[str]:
    """Content words without their endings."""
    stopwords, endings = (
        (GERMAN_STOPWORDS, GERMAN_ENDINGS) if locale == "de" else (ENGLISH_STOPWORDS, ENGLISH_ENDINGS)
    )
    return [stem(word, endings) for word in tokens(text) if word not in stopwords]


def stem(word: str, endings: tuple[str, ...]) -> str:
    """Cut the first ending that leaves a stem."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return undouble(word[: -len(ending)])
    return word


def undouble(word: str) -> str:
    """`cancell` and `cancel` are the same stem."""
    return word[:-1] if word[-1] == word[-2] else word


def language_of(text: str, default: str) -> str:
    """German or English by their small words; the default when the text shows neither."""
    words = tokens(text)
    german = sum(word in GERMAN_STOPWORDS and word not in ENGLISH_STOPWORDS for word in words)
    english = sum(word in ENGLISH_STOPWORDS and word not in GERMAN_STOPWORDS for word in words)
    if german == english:
        return default
    return "de" if german > english else "en"


def split_questions(text: str) -> list[str]:
    """Cut where one question ends and another begins; statements stay with the question after them."""
    parts: list[list[str]] = [[]]
    for sentence in split_sentences(text):
        if parts[-1] and (parts[-1][-1].endswith("?") or SECOND_QUESTION.match(sentence)):
            parts.append([])
        parts[-1].append(sentence)
    return [" ".join(part) for part in parts]
