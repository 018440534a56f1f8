"""The decision form: what was typed, as a draft, as a judgement, and as what the page shows again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewqueue.common.errors import Invalid, Malformed, Place
from reviewqueue.common.exactjson import dumped, numbered
from reviewqueue.common.strictjson import read
from reviewqueue.intake.models import Item, Kind
from reviewqueue.intake.queries import exact_body_of
from reviewqueue.review.models import Decision, Severity
from reviewqueue.review.rules import Judgement

from ..kinds.answers import OF_FACTS, facts_in, schema_of
from ..kinds.fields import PREFIX, rebuilt
from ..parameters import identifier

#: What stands before a candidate's id in the decision that prefers it.
PREFER = "prefer:"

#: Marks a page on which the correction was closed, because personal data in it was hidden.
CLOSED = "closed"

#: More rulings than a page ever shows beside an item.
MOST_PRECEDENTS = 10

#: How long an item can be put aside; "tomorrow" is the next working morning in the person's zone.
SNOOZES = {"30": gettext_lazy("30 min"), "120": gettext_lazy("2 h"), "tomorrow": gettext_lazy("tomorrow, 8:00")}


@dataclass(slots=True)
class Typed:
    """The fields of the form; every one a plain value, so that it can be kept as a draft."""

    decision: str = ""
    severity: str = ""
    reason_codes: list[str] = field(default_factory=list)
    cause: str = ""
    correction: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    as_json: bool = False
    note: str = ""
    question: str = ""
    follow_up: bool = False
    train_no: bool = False
    saved_at: datetime | None = None

    def as_draft(self) -> dict[str, Any]:
        """Return what is stored as the draft."""
        whole = asdict(self)
        del whole["saved_at"]
        return whole


def precedents_in(sent: Sequence[str]) -> dict[str, list[str]]:
    """Return what goes on record of the precedents that the page showed; nothing when there were none."""
    shown = [str(one) for text in sent[:MOST_PRECEDENTS] if (one := identifier(text))]
    return {"precedents": shown} if shown else {}


def typed_in(post: QueryDict) -> Typed:
    """Return what a post carries. U+0000, which no text may hold, is dropped; line ends are one character."""
    return Typed(
        decision=_text(post, "decision"),
        severity=_text(post, "severity"),
        reason_codes=[_clean(one) for one in post.getlist("reason_codes")],
        cause=_text(post, "cause"),
        correction=_text(post, "correction"),
        fields={name.removeprefix(PREFIX): _text(post, name) for name in post if name.startswith(PREFIX)},
        as_json="as_json" in post,
        note=_text(post, "note"),
        question=_text(post, "question"),
        follow_up="follow_up" in post,
        train_no="train_no" in post,
    )


def _text(post: QueryDict, name: str) -> str:
    return _clean(post.get(name, ""))


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def typed_before(body: Any, saved_at: datetime | None) -> Typed:
    """Return what a draft holds, as far as it fits: programs may keep drafts of their own form."""
    known = Typed()
    if not isinstance(body, dict):
        return known
    for name, example in known.as_draft().items():
        value = body.get(name)
        if type(value) is type(example):
            setattr(known, name, value)
    known.reason_codes = [one for one in known.reason_codes if isinstance(one, str)]
    known.fields = {name: text for name, text in known.fields.items() if isinstance(text, str)}
    known.saved_at = saved_at
    return known


def judged(typed: Typed, *, item: Item, shown: dict[str, Any]) -> Judgement:
    """Return the judgement that was typed. Raises Invalid when a person has not said enough yet.

    An approved answer and a preferred candidate have no fault: what was chosen about one before is left out.
    """
    if typed.decision.startswith(PREFER):
        preferred = {"preferred": typed.decision.removeprefix(PREFER)}
        return Judgement(
            decision="edit", correction=preferred, note=typed.note.strip(), train=not typed.train_no, shown=shown
        )
    if typed.decision not in Decision.values:
        raise Invalid("Choose approve, edit or reject.", places=[Place("#/decision", "")])
    if typed.decision == Decision.APPROVE:
        return Judgement(decision="approve", note=typed.note.strip(), train=not typed.train_no, shown=shown)
    if typed.severity not in Severity.values:
        raise Invalid("Say how bad it was.", places=[Place("#/severity", "")])
    correction, written = _correction(typed, item) if typed.decision == Decision.EDIT else (None, "")
    return Judgement(
        decision=typed.decision,
        severity=typed.severity,
        correction=correction,
        written=written,
        reason_codes=typed.reason_codes,
        cause=typed.cause,
        note=typed.note.strip(),
        follow_up=typed.follow_up,
        train=not typed.train_no,
        shown=shown,
    )


def _correction(typed: Typed, item: Item) -> tuple[dict[str, Any], str]:
    """Return the correction, and of facts also its JSON text, in which numbers keep their digits."""
    if item.kind not in OF_FACTS:
        return {"label" if item.kind == Kind.CLASSIFICATION else "content": typed.correction}, ""
    facts, wrong = typed_facts(typed, item)
    if wrong:
        before = "#/correction/arguments" if item.kind == Kind.ACTION else "#/correction"
        places = [Place(before + pointer, detail) for pointer, detail in wrong.items()]
        raise Invalid("The correction is incomplete.", places=places)
    text = dumped({"arguments": facts} if item.kind == Kind.ACTION else facts)
    return orjson.loads(text), text


def typed_facts(typed: Typed, item: Item) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the facts that were typed, in fields or as JSON, and what is wrong by pointer."""
    output = exact_body_of(item)["output"]
    if not typed.as_json:
        return rebuilt(facts_in(item.kind, output), schema_of(item.kind, output, item.declaration), typed.fields)
    try:
        facts = numbered(read(typed.correction).text)
    except Malformed as error:
        return {}, {"": error.detail}
    return (facts, {}) if isinstance(facts, dict) else ({}, {"": _("An object is required.")})


def said_in_place(error: Invalid, typed: Typed) -> dict[str, Any]:
    """Return which field of the form each fault belongs to; what has no field is said above the form."""
    faults: dict[str, Any] = {}
    for place in error.places:
        name, _slash, inside = place.pointer.removeprefix("#/").partition("/")
        if name == "severity" and typed.decision == Decision.REJECT and typed.severity:
            faults["severity_reject"] = place.detail
        elif name in {"decision", "severity", "correction"}:
            faults[name] = place.detail or name
            if name == "correction":
                faults.setdefault("fields", {})["/" + inside if inside else ""] = place.detail
        else:
            faults["all"] = place.detail
    return faults or {"all": error.detail}


def snooze_choices() -> list[dict[str, Any]]:
    """Return the times offered for putting an item aside."""
    return [{"value": value, "label": label} for value, label in SNOOZES.items()]


def until(choice: str, now: datetime) -> datetime:
    """Return the time that a choice means. Raises Invalid for one that was not offered."""
    if choice not in SNOOZES:
        raise Invalid(_("Choose until when."))
    if choice != "tomorrow":
        return now + timedelta(minutes=int(choice))
    here = timezone.localtime(now) + timedelta(days=1)
    return here.replace(hour=8, minute=0, second=0, microsecond=0)
