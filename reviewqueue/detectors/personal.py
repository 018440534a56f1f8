"""Personal data that can be told by its form: accounts, cards, addresses, numbers with check digits.

Names and postal addresses are not among it: nothing finds those without a language model. Every pattern is bounded,
so that the time is linear in the text.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from .checksums import (
    IBAN_LENGTHS,
    is_card,
    is_german_pension_number,
    is_german_tax_id,
    is_iban,
    is_swiss_insurance_number,
)
from .given import IN_ANSWER, Found, Given

#: How sure a find of each kind is: check digits prove, forms suggest.
SURE = {
    "iban": 1.0,
    "card": 0.95,
    "tax_id": 0.9,
    "pension_number": 0.95,
    "insurance_number": 0.95,
    "email": 0.95,
    "phone": 0.7,
    "ip_address": 0.6,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a text something stands (as in a slice), and what it is."""

    start: int
    end: int
    kind: str


def look(given: Given) -> Found:
    """Tell which kinds of personal data stand in an item, and which of them in the answer."""
    answer = {one.kind for one in spans(given.answer)}
    anywhere = answer | {one.kind for one in spans(given.context)}
    kinds = *sorted(anywhere), *sorted(IN_ANSWER + one for one in answer)
    return Found(max((SURE[one] for one in anywhere), default=0.0), kinds)


def spans(text: str) -> list[Span]:
    """Return what stands in a text, from left to right, without overlaps; the surest reading of a place counts."""
    found: list[Span] = []
    for one in _every(text):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def _every(text: str) -> Iterator[Span]:
    yield from _emails(text)
    if not _DIGITS.search(text):
        return
    yield from _ibans(text)
    yield from _pension_numbers(text)
    yield from _ip_addresses(text)
    for one in _NUMBER.finditer(text):
        yield from _numbers(text, one.start(), one.group())


# --- by their form --------------------------------------------------------------------------------------------------

# Each pattern begins with the digit that it needs, for which the engine looks quickly; what may not stand before it
# is asked afterwards.
_GAP = r"[ \u00a0\u202f]"
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{2,63}){1,8}")
_DIGITS = re.compile("[0-9].?[0-9]|::")
_IBAN = re.compile(r"[0-9](?<=[A-Za-z]{2}.)(?<![A-Za-z0-9][A-Za-z]{2}.)[0-9](?:[ \u00a0\u202f.-]?[A-Za-z0-9]){11,30}")
_PENSION = re.compile(rf"([0-9](?<!\w.)[0-9]){_GAP}?([0-9]{{6}}){_GAP}?([A-Z]){_GAP}?([0-9]{{3}})(?!\w)")
_IPV4 = re.compile(r"[0-9](?<![\w.].)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?!\w|\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
#: Digits in groups; what they are is told by the groups together.
_NUMBER = re.compile(r"[0-9](?<!\w.)(?:[ \u00a0\u202f()/.\-]{0,3}[0-9]){6,30}(?!\w)")
_GROUP = re.compile("[0-9]+")
LONGEST_NAME = 64


def _emails(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at >= 0:
        begin = at
        while begin > max(0, at - LONGEST_NAME) and (text[begin - 1].isalnum() or text[begin - 1] in "._%+-"):
            begin -= 1
        domain = _DOMAIN.match(text, at + 1) if begin < at else None
        if domain:
            yield Span(begin, domain.end(), "email")
        at = text.find("@", domain.end() if domain else at + 1)


def _ibans(text: str) -> Iterator[Span]:
    for one in _IBAN.finditer(text):
        begin = one.start() - 2
        length = IBAN_LENGTHS.get(text[begin : begin + 2].upper(), 0)
        if not length:
            continue
        places = [n for n in range(begin, one.end()) if text[n].isalnum()][:length]
        if len(places) < length or text[places[-1] + 1 : places[-1] + 2].isalnum():
            continue
        if is_iban("".join(text[place] for place in places).upper()):
            yield Span(places[0], places[-1] + 1, "iban")


def _pension_numbers(text: str) -> Iterator[Span]:
    for one in _PENSION.finditer(text):
        if is_german_pension_number("".join(one.groups())):
            yield Span(*one.span(), "pension_number")


def _ip_addresses(text: str) -> Iterator[Span]:
    patterns = [pattern for pattern, mark, least in ((_IPV4, ".", 3), (_IPV6, ":", 2)) if text.count(mark) >= least]
    for pattern in patterns:
        for one in pattern.finditer(text):
            if _is_address(one.group()):
                yield Span(*one.span(), "ip_address")


def _is_address(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return address.version == 4 or sum(map(bool, written.split(":"))) > 1


# --- by their digits ------------------------------------------------------------------------------------------------

MOST_DIGITS, MOST_GROUPS = 19, 8
FEWEST_DIGITS = 7


def _numbers(text: str, start: int, written: str) -> Iterator[Span]:
    """Tell what groups of digits are: the longest reading that proves itself, from left to right."""
    groups = [one.span() for one in _GROUP.finditer(written)]
    first = 0
    while first < len(groups):
        taken = _reading(text, start, groups[first : first + MOST_GROUPS])
        if taken is None:
            first += 1
        else:
            span, count = taken
            yield span
            first += count


def _reading(text: str, start: int, groups: list[tuple[int, int]]) -> tuple[Span, int] | None:
    begin = _opened(text, start + groups[0][0])
    digits = list(accumulate(end - begin for begin, end in groups))
    for count in range(len(groups), 0, -1):
        if FEWEST_DIGITS <= digits[count - 1] <= MOST_DIGITS:
            end = start + groups[count - 1][1]
            if kind := _kind_of(text[begin:end], digits[count - 1]):
                return Span(begin, end, kind), count
    return None


def _opened(text: str, begin: int) -> int:
    """Return where a number begins, with the plus or the bracket before it."""
    while begin > 0 and text[begin - 1] in "+(":
        begin -= 1
    return begin


def _kind_of(written: str, length: int) -> str:
    digits = "".join(filter(str.isdigit, written))
    if length >= FEWEST_OF_CARD and not _NOT_IN_CARDS.search(written) and is_card(digits):
        return "card"
    if length == 13 and is_swiss_insurance_number(digits):
        return "insurance_number"
    if length == 11 and written[0] != "+" and is_german_tax_id(digits):
        return "tax_id"
    may_call = length <= MOST_OF_PHONE and (written[0] in "+(0" or "-" in written)
    return "phone" if may_call and _PHONE.fullmatch(written) and not _DATE.match(written) else ""


FEWEST_OF_CARD, MOST_OF_PHONE = 13, 15
_NOT_IN_CARDS = re.compile("[/.(+]")
#: With a country's code; or in one of the forms that are written within Germany and neighbours, or North America.
_PHONE = re.compile(
    r"\(?(?:\+|00)\(?[1-9][0-9]{0,3}\)?[0-9 \u00a0\u202f()/.\-]{5,24}"
    r"|\(?0[1-9][0-9]{1,4}\)?[ \u00a0\u202f/\-]{1,3}[0-9](?:[ \u00a0\u202f\-]?[0-9]){4,11}"
    r"|01[5-7][0-9]{8,10}"
    r"|\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}|[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}"
)
_DATE = re.compile(r"(?:[0-9]{1,2}|[0-9]{4})[/.\-][0-9]{1,2}[/.\-](?:[0-9]{4}|[0-9]{2})(?![0-9])")
