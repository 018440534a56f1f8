"""Detectors and what they find, in the reader's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext as _

from reviewqueue.detectors import IN_ANSWER


def detector_words(name: str) -> str:
    """Return what a detector looks for; one that a package brought is called as it calls itself."""
    words = {
        "personal_data": _("personal data"),
        "language": _("language"),
        "abuse": _("profanity and abuse"),
        "contradiction": _("contradiction with the documents"),
        "near_duplicate": _("near-duplicate of an open item"),
    }
    return words.get(name, name)


def about_detector(name: str) -> str:
    """Return what a detector does and does not find; nothing for one that a package brought."""
    words = {
        "personal_data": _(
            "IBANs, card, tax, pension and insurance numbers by their check digits; e-mail addresses, phone numbers"
            " and IP addresses by their form. No names and no postal addresses: nothing finds those without a"
            " language model. While it is on, reviewers see none of it until they ask to."
        ),
        "language": _(
            "Which language the answer is in, and whether the question is in another. Short texts are left out."
        ),
        "abuse": _(
            "Words of a short list, in English and German, also where letters are swapped, starred or spaced out."
        ),
        "contradiction": _(
            "Amounts, percentages, durations and dates that the given documents do not have, and sentences that they"
            " deny. It compares words and understands nothing."
        ),
        "near_duplicate": _("Whether question and answer are nearly those of an item that is open."),
    }
    return words.get(name, "")


def kind_words(kind: str) -> str:
    """Return a kind of find in words: ``iban``, or ``answer:iban`` for one in the AI's answer."""
    if kind.startswith(IN_ANSWER):
        return _("%(kind)s in the answer") % {"kind": kind_words(kind.removeprefix(IN_ANSWER))}
    words = {
        "iban": _("IBAN"),
        "card": _("card number"),
        "tax_id": _("tax number"),
        "pension_number": _("pension number"),
        "insurance_number": _("insurance number"),
        "email": _("e-mail address"),
        "phone": _("phone number"),
        "ip_address": _("IP address"),
        "profanity": _("profanity"),
        "insult": _("insult"),
        "slur": _("slur"),
        "threat": _("threat"),
        "amount": _("amount of money"),
        "percent": _("percentage"),
        "duration": _("duration"),
        "date": _("date"),
        "number": _("number"),
        "conflict": _("the documents say otherwise"),
        "negation": _("the documents deny it"),
        "same": _("practically the same"),
        "other_than_asked": _("other language than the question"),
    }
    return words.get(kind) or _language(kind) or kind


def _language(code: str) -> str:
    return _(LANG_INFO[code]["name"]) if code in LANG_INFO and "name" in LANG_INFO[code] else ""


def why_not_words(why: str) -> str:
    """Return why a detector did not run."""
    words = {
        "slow": _("it was too slow"),
        "failed": _("it failed"),
        "tried_before": _("it had failed before"),
    }
    return words.get(why, why)


def finding_words(found: Mapping[str, Any]) -> list[str]:
    """Return what detectors found in an item, a line for each that found something or did not run."""
    lines = []
    for name, one in sorted(found.items()):
        told = {"detector": detector_words(name), "kinds": _kinds(one.get("kinds", ()))}
        if "not_run" in one:
            lines.append(_("%(detector)s: not looked for, %(why)s") % {**told, "why": why_not_words(one["not_run"])})
        elif one.get("score"):
            lines.append(f"{told['detector']}: {told['kinds'] or format(one['score'], '.2f')}")
    return lines


def _kinds(kinds: Iterable[str]) -> str:
    """Return kinds in words; what stands in the answer is not said twice."""
    listed = list(kinds)
    return ", ".join(kind_words(one) for one in listed if IN_ANSWER + one not in listed)
