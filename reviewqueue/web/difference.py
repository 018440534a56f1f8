"""The word-level difference of two texts as escaped HTML: ``<del>`` and ``<ins>``, insertion after deletion.

The same rules as static/js/difference.js: words are compared, a word or two between longer changes are read as
part of them, so that whole clauses read.
"""

import re
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from rapidfuzz.distance import LCSseq

from .safe_text import raw

#: A word or a sign, with the space that follows it.
_TOKEN = re.compile(r"(?:\w+(?:['’.,:-]\w+)*|[^\w\s])\s*|^\s+")
_WORD = re.compile(r"[^\W_]")
#: Longer texts are shown as replaced whole in their changed middle.
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    """A difference ready to be shown, and how many words went and came."""

    markup: SafeString
    words_out: int
    words_in: int


@dataclass(slots=True)
class _Part:
    """A run that stays (``same``: as it is now) or that changes; ``was`` and ``now`` are lists of tokens."""

    same: bool
    was: list[str]
    now: list[str]


def difference(before: str, after: str) -> Change:
    """Return what changed from one text to another."""
    was, now = _TOKEN.findall(before), _TOKEN.findall(after)
    parts = _joined(_runs(was, now))
    changed = [part for part in parts if not part.same]
    return Change(
        markup=mark_safe("".join(map(_draw, parts, [None, *parts]))),  # noqa: S308 - drawn from escaped text
        words_out=sum(_words(part.was) for part in changed),
        words_in=sum(_words(part.now) for part in changed),
    )


def _runs(was: list[str], now: list[str]) -> list[_Part]:
    return [_Part(tag == "equal", was[i:i_end], now[j:j_end]) for tag, i, i_end, j, j_end in _steps(was, now)]


def _steps(was: list[str], now: list[str]) -> list[tuple[str, int, int, int, int]]:
    if len(was) + len(now) > LONGEST:
        return [("replace", 0, len(was), 0, len(now))]
    opcodes = LCSseq.opcodes([_face(one) for one in was], [_face(one) for one in now])
    steps: list[tuple[str, int, int, int, int]] = []
    for code in opcodes:
        tag = "equal" if code.tag == "equal" else "replace"
        if steps and steps[-1][0] == tag:
            _, i, _, j, _ = steps.pop()
            steps.append((tag, i, code.src_end, j, code.dest_end))
        else:
            steps.append((tag, code.src_start, code.src_end, code.dest_start, code.dest_end))
    return steps


def _face(token: str) -> str:
    """Return what two tokens are compared by: the word, and whether a line ends after it."""
    return token.rstrip() + ("\n" if "\n" in token else "")


def _space(token: str) -> str:
    return token[len(token.rstrip()) :]


def _joined(parts: list[_Part]) -> list[_Part]:
    whole: list[_Part] = []
    waiting = iter(range(len(parts)))
    for n in waiting:
        part = parts[n]
        if part.same and whole and n + 1 < len(parts) and _is_island(part, whole[-1], parts[n + 1]):
            last, following = whole[-1], parts[next(waiting)]
            last.was = [*last.was, *part.was, *following.was]
            last.now = [*last.now, *part.now, *following.now]
        else:
            whole.append(part)
    return _joined(whole) if len(whole) < len(parts) else whole


def _is_island(part: _Part, before: _Part, after: _Part) -> bool:
    if _words(part.now) > 2 or any("\n" in token for token in part.now) or before.same or after.same:
        return False
    size = _size(part.now)
    return all(size <= max(_size(one.was), _size(one.now)) for one in (before, after))


def _size(tokens: list[str]) -> int:
    return sum(len(token.rstrip()) for token in tokens)


def _words(tokens: list[str]) -> int:
    return sum(bool(_WORD.search(token)) for token in tokens)


def _draw(part: _Part, before: _Part | None) -> str:
    was, now = "".join(part.was), "".join(part.now)
    if part.same:
        return raw(now)
    marked = [f"<{name}>{raw(text.rstrip())}</{name}>" for name, text in (("del", was), ("ins", now)) if text.strip()]
    return _gap(part, before) + " ".join(marked) + _space(now or was)


def _gap(part: _Part, before: _Part | None) -> str:
    """Return the space that a deleted word had before it, when what stays there has lost it."""
    lost = part.was and before and before.was and not _space(before.now[-1])
    return _space(before.was[-1]) if lost and before else ""
