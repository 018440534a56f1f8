"""Who works at Kranich & Moor, in which queues, by which rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from reviewqueue.accounts.access import viewer_of_member
from reviewqueue.accounts.actions import add_member, create_workspace
from reviewqueue.accounts.models import Membership, Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.datasets.actions import define
from reviewqueue.demo.classifier import LABELS
from reviewqueue.demo.items import CHAT_SOURCE, TOPIC_SOURCE
from reviewqueue.demo.judging import REASON_CODES
from reviewqueue.demo.office import OFFICE, READER_SOURCE
from reviewqueue.intake.actions import declare_source
from reviewqueue.intake.queries import sources_by_slug
from reviewqueue.queues.actions import create_queue, join_queue, name_reasons, write_rubric
from reviewqueue.queues.models import Queue
from reviewqueue.triage.actions import activate_policy, switch_detector

SLUG = "demo"
DOMAIN = "demo.localhost"


@dataclass(frozen=True, slots=True)
class Person:
    """One member: the part of their address before the @, their name, role and queues."""

    address: str
    name: str
    role: str
    queues: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """The address they sign in with."""
        return f"{self.address}@{DOMAIN}"


SHIFT = ("support", "delivery")
PEOPLE = (
    Person("admin", "Admin", "admin"),
    Person("lead", "Lead", "lead", ("support", "delivery", "refunds", "safety", "topics", "office")),
    Person("reviewer", "Reviewer 1", "reviewer", (*SHIFT, "safety", "topics", "office")),
    Person("reviewer2", "Reviewer 2", "reviewer", (*SHIFT, "safety")),
    Person("reviewer3", "Reviewer 3", "reviewer", SHIFT),
    Person("reviewer4", "Reviewer 4", "reviewer", SHIFT),
    Person("reviewer5", "Reviewer 5", "reviewer", ("refunds",)),
    Person("reviewer6", "Reviewer 6", "reviewer", ("refunds",)),
    Person("ml", "ML engineer", "ml_engineer"),
    Person("auditor", "Auditor", "auditor"),
)

QUEUES = (
    ("support", "Support", 1, 120),
    ("delivery", "Delivery", 1, 120),
    ("refunds", "Refunds", 1, 240),
    ("safety", "Legal and safety", 2, 60),
    ("topics", "Topics", 1, 1440),
    ("office", "Back office", 1, 1440),
)

GUIDELINES = {
    "support": [
        "Answer every question the customer asked, in the customer's language.",
        "Name amounts, days and conditions as the handbook has them.",
        "Never promise what the handbook does not promise.",
    ],
    "delivery": [
        "Name the last day, not only the number of days.",
        "During a strike: no promise of a date; offer cancelling free of charge.",
        "Say what happens next and who does it.",
    ],
    "refunds": [
        "Name the sum or how it is worked out, and the day it arrives at the latest.",
        "Broken on arrival: the customer never pays.",
    ],
    "safety": [
        "Burning, shock, tipping over: stop using it, first; then the recall or the repair.",
        "Legal threats: state the facts, promise nothing, hand over.",
    ],
    "office": [
        "Orders: numbers as the e-mail means them, whatever its language.",
        "Refunds: only what broke, never the whole order.",
        "Comparisons: the answer that the customer can act on.",
    ],
    "topics": ["Choose the topic of the last question when there are several."],
}


#: The same for those who work in German.
GUIDELINES_DE = {
    "support": [
        "Jede Frage beantworten, in der Sprache der Kundin oder des Kunden.",
        "Beträge, Tage und Bedingungen so nennen, wie sie im Handbuch stehen.",
        "Nichts versprechen, was das Handbuch nicht verspricht.",
    ],
    "delivery": [
        "Den letzten Tag nennen, nicht nur die Zahl der Tage.",
        "Bei Streik: kein Termin; kostenlose Stornierung anbieten.",
        "Sagen, was als Nächstes geschieht und wer es tut.",
    ],
    "refunds": [
        "Die Summe nennen oder wie sie sich ergibt, und bis wann sie spätestens ankommt.",
        "Kaputt angekommen: Die Kundschaft zahlt nie.",
    ],
    "safety": [
        "Brand, Stromschlag, Kippen: zuerst nicht weiter benutzen; dann Rückruf oder Reparatur.",
        "Drohung mit Anwalt: die Tatsachen nennen, nichts versprechen, weitergeben.",
    ],
    "office": [
        "Bestellungen: Zahlen so, wie die E-Mail sie meint, in welcher Sprache auch immer.",
        "Erstattungen: nur was kaputtging, nie die ganze Bestellung.",
        "Vergleiche: die Antwort, mit der die Kundin oder der Kunde etwas anfangen kann.",
    ],
    "topics": ["Bei mehreren Fragen gilt das Thema der letzten."],
}
REASONS_DE = {
    "wrong-fact": "falsche Angabe",
    "outdated-source": "veraltete Quelle",
    "missing-step": "Schritt fehlt",
    "wrong-amount": "falscher Betrag",
    "tone": "Ton",
    "off-policy": "gegen die Regeln",
    "language": "Sprache",
    "unsafe": "gefährlich",
    "not-answered": "nicht beantwortet",
}


#: How long before the demo begins the rules were made: the pilot is older than its last week.
BEFORE = timedelta(days=14)
#: What looks at which source's items.
DETECTORS = {
    CHAT_SOURCE: ("personal_data", "language", "abuse", "contradiction"),
    READER_SOURCE: ("personal_data",),
}


@transaction.atomic
def make_workspace(*, password: str, now: datetime) -> Workspace:
    """Make the whole workspace, or nothing."""
    workspace = create_workspace(slug=SLUG, name="Kranich & Moor", now=now)
    queues = {slug: _queue(workspace, slug, name, reviews, due, now) for slug, name, reviews, due in QUEUES}
    people = [_member(workspace, person, queues, password, now) for person in PEOPLE]
    lead = next(one for one in people if one.role == "lead")
    name_reasons(workspace_id=workspace.pk, reasons=_reasons(), in_languages={"de": REASONS_DE}, now=now)
    declare_source(workspace=workspace, slug=CHAT_SOURCE, name="Support chatbot", labels=[], by=SYSTEM, now=now)
    declare_source(workspace=workspace, slug=TOPIC_SOURCE, name="Topic classifier", labels=LABELS, by=SYSTEM, now=now)
    for slug, declared in OFFICE.items():
        declare_source(workspace=workspace, slug=slug, **declared, by=SYSTEM, now=now)
    _detectors(workspace, lead, now - BEFORE)
    _policy(workspace, queues, lead, now - BEFORE)
    _datasets(workspace, now)
    return workspace


def _queue(workspace: Workspace, slug: str, name: str, reviews: int, due: int, now: datetime) -> Queue:
    queue = create_queue(
        workspace_id=workspace.pk,
        slug=slug,
        name=name,
        reviews_required=reviews,
        due_minutes=due,
        by=SYSTEM,
        now=now,
    )
    in_german = {"de": GUIDELINES_DE[slug]}
    write_rubric(queue=queue, guidelines=GUIDELINES[slug], in_languages=in_german, by=None, actor=SYSTEM, now=now)
    return queue


def _member(
    workspace: Workspace, person: Person, queues: dict[str, Queue], password: str, now: datetime
) -> Membership:
    membership = add_member(
        workspace=workspace,
        email=person.email,
        name=person.name,
        role=person.role,
        password=password,
        by=SYSTEM,
        now=now,
    )
    for slug in person.queues:
        join_queue(queue=queues[slug], user=membership.user, by=SYSTEM, now=now)
    return membership


def _reasons() -> Sequence[tuple[str, str]]:
    return [(slug, slug.replace("-", " ")) for slug in REASON_CODES]


def _detectors(workspace: Workspace, lead: Membership, now: datetime) -> None:
    by = viewer_of_member(lead).actor
    sources = sources_by_slug(workspace_id=workspace.pk, slugs=set(DETECTORS))
    for slug, names in DETECTORS.items():
        for name in names:
            switch_detector(source=sources[slug], detector=name, on=True, by=lead.user, actor=by, now=now)


def _policy(workspace: Workspace, queues: dict[str, Queue], lead: Membership, now: datetime) -> None:
    """The pilot's rules: careful at 50 items a day, too careful at 2,000."""
    chat = {"field": "kind", "op": "is", "value": "chat"}
    rules = [
        {
            "name": "Legal and safety",
            "conditions": [{"field": "risk_level", "op": "is", "value": "high"}],
            "queue": queues["safety"],
            "urgency": "high",
        },
        {
            "name": "Sums of money",
            "conditions": [{"field": "risk_tags", "op": "has", "value": "refund-amount"}],
            "queue": queues["refunds"],
        },
        {
            "name": "Delivery promises",
            "conditions": [{"field": "risk_tags", "op": "has", "value": "delivery-promise"}],
            "queue": queues["delivery"],
        },
        {
            "name": "Unsure topics",
            "conditions": [
                {"field": "source", "op": "is", "value": TOPIC_SOURCE},
                {"field": "confidence", "op": "below", "value": 0.6},
            ],
            "queue": queues["topics"],
        },
        {
            "name": "Unsure answers",
            "conditions": [chat, {"field": "confidence", "op": "below", "value": 0.85}],
            "queue": queues["support"],
        },
        {
            "name": "Other assistants",
            "conditions": [{"field": "kind", "op": "in", "value": ["text", "extraction", "action", "comparison"]}],
            "queue": queues["office"],
        },
        {
            "name": "Other language than asked",
            "conditions": [
                {"field": "finding_kind", "name": "language", "op": "has", "value": "other_than_asked"},
            ],
            "queue": queues["support"],
        },
    ]
    activate_policy(
        workspace_id=workspace.pk,
        rules=rules,
        audit_rate=0.05,
        audit_queue=queues["support"],
        by=lead.user,
        actor=SYSTEM,
        now=now,
    )


def _datasets(workspace: Workspace, now: datetime) -> None:
    for slug, name, format in (
        ("support-sft", "Corrected answers", "sft"),
        ("support-preferences", "Correction against the bot's answer", "preference"),
    ):
        define(
            workspace_id=workspace.pk,
            slug=slug,
            name=name,
            format=format,
            query={"sources": [CHAT_SOURCE]},
            by=None,
            actor=SYSTEM,
            now=now,
        )
