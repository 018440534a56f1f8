"""Reading cases, rulings, owners and steps, as far as a person may see them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from reviewqueue.accounts.access import CAPABILITIES, Viewer, can
from reviewqueue.accounts.models import Membership
from reviewqueue.intake.models import Item, ItemContent, ModelVersion
from reviewqueue.review.models import Escalation, Outcome

from .models import (
    EdgeCase,
    EdgeCaseItem,
    KnowledgeFix,
    LadderSetting,
    LadderStep,
    Ownership,
    PrecedentShown,
    Ruling,
    RulingText,
)
from .rules import COMPARED, LADDER, Example, nearest

#: How many rulings, items of each, and waiting escalations are looked at for what is alike.
RULINGS, EXAMPLES, WAITING = 100, 300, 200


def cases_visible_to(viewer: Viewer) -> QuerySet[EdgeCase]:
    """Return the cases of the workspace, for those who decide or look on."""
    cases = EdgeCase.objects.filter(workspace_id=viewer.workspace_id).select_related("content", "owner", "deputy")
    return cases if viewer.may("lead") or viewer.may("see_items") else cases.none()


def open_cases(viewer: Viewer) -> QuerySet[EdgeCase]:
    """Return the cases that wait for their ruling, by due time."""
    return cases_visible_to(viewer).filter(ruled_at=None, dismissed_at=None).order_by("due_at", "pk")


def members_of(case: EdgeCase) -> QuerySet[EdgeCaseItem]:
    """Return the escalations grouped into a case, in the order in which they came."""
    members = EdgeCaseItem.objects.filter(case=case, removed_at=None)
    return members.select_related(
        "item__content",
        "item__source",
        "item__model_version",
        "item__declaration",
        "escalation__content",
        "outcome",
        "ruling",
    ).order_by("added_at", "pk")


def counted(cases: QuerySet[EdgeCase]) -> QuerySet[EdgeCase]:
    """Return cases with how many items are in each (``grouped``) and how many of them are settled (``settled``)."""
    here = Q(items__removed_at=None)
    return cases.annotate(
        grouped=Count("items", filter=here), settled=Count("items", filter=here & Q(items__settled_at__isnull=False))
    )


def case_of(escalation_ids: Collection[UUID]) -> dict[UUID, EdgeCase]:
    """Return the open case of each escalation that is in one."""
    members = EdgeCaseItem.objects.filter(
        escalation_id__in=escalation_ids, removed_at=None, case__ruled_at=None, case__dismissed_at=None
    )
    return {one.escalation_id: one.case for one in members.select_related("case__content", "case__owner")}


def standing_ruling(case: EdgeCase) -> Ruling | None:
    """Return a case's newest ruling that was not taken back."""
    rulings = Ruling.objects.filter(case=case, taken_back=None).select_related("content", "ruled_by")
    return rulings.prefetch_related("texts").order_by("-version").first()


def ruling_due(
    *, now: datetime, limit: int = 50, ruling: Ruling | None = None, without: Collection[UUID] = ()
) -> list[EdgeCaseItem]:
    """Return items that a ruling has still to settle, but for some of them."""
    due = EdgeCaseItem.objects.filter(
        ruling__isnull=False, settled_at=None, removed_at=None, passed_over="", ruling__ruled_at__lte=now
    )
    due = due.filter(ruling=ruling) if ruling else due
    due = due.exclude(pk__in=without) if without else due
    return list(due.select_related("ruling__content", "escalation").order_by("added_at", "pk")[:limit])


def undoable_until(ruling: Ruling) -> datetime | None:
    """Return until when the last outcome of a ruling can be undone; None when none can any more."""
    settled = Outcome.objects.filter(pk__in=EdgeCaseItem.objects.filter(ruling=ruling).values("outcome_id"))
    due = settled.filter(publication=None).exclude(undo__isnull=False).order_by("-settled_at").first()
    return due.settled_at if due else None


# --- what is alike ------------------------------------------------------------------------------------------------


def precedents_for(item: Item, *, language: str) -> list[tuple[Ruling, str]]:
    """Return the rulings on items like this one, nearest first, with their words in a language.

    Looks at the newest RULINGS of the item's own workspace and at EXAMPLES of their items, the beginnings of the
    texts alone. The case that an item itself is in is no precedent of it.
    """
    if not Ruling.objects.filter(workspace_id=item.workspace_id).exists():
        return []  # most workspaces have ruled on little, and this is asked with every item that a page shows
    rulings = Ruling.objects.filter(workspace_id=item.workspace_id, taken_back=None, case__ruled_at__isnull=False)
    rulings = rulings.filter(
        version=Ruling.objects.filter(case=OuterRef("case")).order_by("-version").values("version")[:1]
    )
    newest = {
        one.pk: one
        for one in rulings.exclude(case__items__item=item)
        .select_related("case__content")
        .order_by("-ruled_at")[:RULINGS]
    }
    text = _text_of(item.pk) if newest else ""
    if not text:
        return []
    found = nearest(text, _examples(newest), tags=item.risk_tags)
    words = _words([ruling_id for ruling_id, _score in found], language)
    return [(newest[ruling_id], words[ruling_id]) for ruling_id, _score in found if ruling_id in words]


def _text_of(item_id: UUID) -> str:
    kept = ItemContent.objects.filter(pk=item_id, redacted_at=None)
    return kept.annotate(begin=Left("search_text", COMPARED)).values_list("begin", flat=True).first() or ""


def _examples(rulings: Mapping[UUID, Ruling]) -> list[Example]:
    by_case = {one.case_id: one.pk for one in rulings.values()}
    members = EdgeCaseItem.objects.filter(case_id__in=by_case, removed_at=None, item__content__redacted_at=None)
    rows = members.annotate(begin=Left("item__content__search_text", COMPARED)).order_by("-added_at")[:EXAMPLES]
    return [
        Example(by_case[case_id], begin, frozenset(tags))
        for case_id, begin, tags in rows.values_list("case_id", "begin", "item__risk_tags")
    ]


def _words(ruling_ids: Sequence[UUID], language: str) -> dict[UUID, str]:
    """Return a ruling's words in a language, else in the one that they were written in first."""
    words: dict[UUID, str] = {}
    for text in RulingText.objects.filter(ruling_id__in=ruling_ids, redacted_at=None).order_by("pk"):
        if text.language == language or text.ruling_id not in words:
            words[text.ruling_id] = text.words
    return words


def rulings_named(*, workspace_id: UUID, ids: Iterable[UUID]) -> list[Ruling]:
    """Return rulings of a workspace by their ids; others are missing."""
    return list(Ruling.objects.filter(workspace_id=workspace_id, pk__in=list(ids)))


def followed(case: EdgeCase) -> dict[str, int]:
    """Return on how many reviewed items a case's rulings were shown, and how many reviews decided alike."""
    shown = PrecedentShown.objects.filter(ruling__case=case)
    return shown.aggregate(shown=Count("pk"), followed=Count("pk", filter=Q(review__decision=F("ruling__decision"))))


def escalations_like(case: EdgeCase, *, most: int = 8) -> list[Escalation]:
    """Return waiting escalations that are like those of a case and in no open case, nearest first."""
    texts = EdgeCaseItem.objects.filter(case=case, removed_at=None, item__content__redacted_at=None)
    texts = texts.annotate(begin=Left("item__content__search_text", COMPARED)).order_by("-added_at")
    own = list(texts.values_list("begin", "item__risk_tags")[:3])
    waiting, begins = _waiting_alone(case.workspace_id)
    found: dict[UUID, float] = {}
    for text, tags in own:
        examples = [Example(pk, begins[pk], frozenset(one.item.risk_tags)) for pk, one in waiting.items()]
        for pk, score in nearest(text, examples, tags=tags, most=most):
            found[pk] = max(score, found.get(pk, 0.0))
    return [waiting[pk] for pk, _score in sorted(found.items(), key=lambda one: -one[1])[:most]]


def _waiting_alone(workspace_id: UUID) -> tuple[dict[UUID, Escalation], dict[UUID, str]]:
    """Return escalations that wait in no open case, and the beginnings of their items' texts."""
    waiting = _alone(workspace_id).filter(item__content__redacted_at=None)
    rows = {one.pk: one for one in waiting.select_related("item", "content", "entry__queue")[:WAITING]}
    texts = ItemContent.objects.filter(pk__in=[one.item_id for one in rows.values()])
    begins = dict(texts.annotate(begin=Left("search_text", COMPARED)).values_list("pk", "begin"))
    return rows, {pk: begins.get(one.item_id, "") for pk, one in rows.items()}


def _alone(workspace_id: UUID) -> QuerySet[Escalation]:
    """Return open escalations that are in no open case, oldest first."""
    inside = EdgeCaseItem.objects.filter(
        escalation=OuterRef("pk"), removed_at=None, case__ruled_at=None, case__dismissed_at=None
    )
    waiting = Escalation.objects.filter(workspace_id=workspace_id, ended_at=None)
    return waiting.exclude(Exists(inside)).order_by("opened_at")


def begins_of(items: Sequence[Item]) -> dict[UUID, str]:
    """Return the beginnings of what items say; those whose content was erased are missing."""
    kept = ItemContent.objects.filter(pk__in=[one.pk for one in items], redacted_at=None)
    return dict(kept.annotate(begin=Left("search_text", COMPARED)).values_list("pk", "begin"))


def begins_of_others(items: Sequence[Item], *, most: int) -> list[str]:
    """Return the beginnings of what the newest other items of the same workspace say."""
    ids = {one.pk for one in items}
    newest = Item.objects.filter(workspace_id=items[0].workspace_id).order_by("-pk")[: most + len(ids)]
    return list(begins_of([one for one in newest if one.pk not in ids]).values())


def versions_of(items: Sequence[Item]) -> int:
    """Return how many model versions the sources of items have answered with."""
    sources = {one.source_id for one in items}
    return ModelVersion.objects.filter(source_id__in=sources).values("version").distinct().count()


# --- who answers ------------------------------------------------------------------------------------------------


def ownerships(workspace_id: UUID) -> list[Ownership]:
    """Return who answers for what in a workspace now."""
    rows = Ownership.objects.filter(workspace_id=workspace_id, ended_at=None)
    return list(rows.select_related("source", "owner", "deputy").order_by("source__name", "topic", "reason"))


def topics_seen(*, workspace_id: UUID, since: datetime) -> dict[tuple[UUID, str], int]:
    """Return how many escalations there were of each source and topic since a time; a topic of "" is all of them."""
    counts: dict[tuple[UUID, str], int] = {}
    seen = Escalation.objects.filter(workspace_id=workspace_id, opened_at__gte=since)
    for source_id, tags in seen.values_list("item__source_id", "item__risk_tags"):
        for topic in {"", *tags}:
            counts[source_id, topic] = counts.get((source_id, topic), 0) + 1
    return counts


def answering(workspace_id: UUID) -> list[Membership]:
    """Return the members who may answer for unclear items: those who decide."""
    roles = [role for role in CAPABILITIES if can(role, "lead")]
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None, role__in=roles)
    return list(members.filter(user__deactivated_at=None).select_related("user").order_by("user__name"))


# --- the ladder ---------------------------------------------------------------------------------------------------


def ladder_minutes(workspace_id: UUID) -> dict[str, int]:
    """Return how long each rung waits after the one before it, in minutes."""
    setting = LadderSetting.objects.filter(workspace_id=workspace_id).first()
    return {rung: getattr(setting, f"{rung}_minutes") if setting else LADDER[rung] for rung in LADDER}


def workspaces_waiting() -> list[UUID]:
    """Return the workspaces in which an escalation or a case waits for an answer."""
    asked = Escalation.objects.filter(ended_at=None).order_by().values_list("workspace_id", flat=True).distinct()
    cases = EdgeCase.objects.filter(ruled_at=None, dismissed_at=None).order_by()
    return sorted({*asked, *cases.values_list("workspace_id", flat=True).distinct()})


def escalations_waiting(workspace_id: UUID) -> list[Escalation]:
    """Return open escalations that are in no open case, oldest first."""
    return list(_alone(workspace_id).select_related("item"))


def steps_told(workspace_id: UUID) -> set[tuple[UUID, datetime, str, UUID]]:
    """Return (escalation or case, since when it waited, rung, person) of every step about what still waits.

    Begun from what waits, which is little: steps are kept for ever.
    """
    asked = Escalation.objects.filter(workspace_id=workspace_id, ended_at=None)
    cases = EdgeCase.objects.filter(workspace_id=workspace_id, ruled_at=None, dismissed_at=None)
    told = LadderStep.objects.filter(escalation__in=asked).values_list("escalation_id", "since_at", "rung", "told_id")
    of_cases = LadderStep.objects.filter(case__in=cases).values_list("case_id", "since_at", "rung", "told_id")
    return {*told, *of_cases}


def steps_calling(viewer: Viewer) -> QuerySet[LadderStep]:
    """Return the steps that told this person of what still waits, newest first."""
    asked = Q(escalation__isnull=False, escalation__ended_at=None)
    cases = Q(case__isnull=False, case__ruled_at=None, case__dismissed_at=None)
    steps = LadderStep.objects.filter(asked | cases, workspace_id=viewer.workspace_id, told=viewer.user)
    return steps.select_related("escalation__item", "escalation__entry__queue", "case__content").order_by("-told_at")


def cases_calling(viewer: Viewer) -> int:
    """Return how many open cases call for this person: their own, and for a lead those that nobody owns."""
    theirs = Q(owner=viewer.user) | Q(owner=None) if viewer.may("lead") else Q(owner=viewer.user)
    return EdgeCase.objects.filter(theirs, workspace_id=viewer.workspace_id, ruled_at=None, dismissed_at=None).count()


# --- knowledge ----------------------------------------------------------------------------------------------------


def fixes_visible_to(viewer: Viewer) -> QuerySet[KnowledgeFix]:
    """Return articles with how many items each spoiled (``items``): those to be mended, the worst first."""
    fixes = KnowledgeFix.objects.filter(workspace_id=viewer.workspace_id)
    fixes = fixes.select_related("content", "owner", "done_by", "opened_by")
    return fixes.annotate(items=Count("spoiled")).order_by(F("done_at").desc(nulls_first=True), "-items", "opened_at")
