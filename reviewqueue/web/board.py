"""The queue board: when a promise will break at today's pace, what would change it, and every queue's numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from reviewqueue.accounts.teams import members_of, teams_visible_to
from reviewqueue.common.clock import now as clock_now
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import full_sources
from reviewqueue.metrics.queries.board import board_now
from reviewqueue.metrics.queries.held import held_now
from reviewqueue.metrics.queries.levers import unowned_slots, who_could_help
from reviewqueue.metrics.rules import BoardNow, Forecast, Prediction, QueueNow, predict
from reviewqueue.queues.queries import visible_to
from reviewqueue.review.queries import follow_ups_waiting
from reviewqueue.triage.calling import why_words
from reviewqueue.triage.overload import plan_of, running

from . import charts, levers
from .access import member_page
from .context import MemberRequest
from .overload import strata_words
from .parameters import identifier
from .undoing import last_change
from .words import clock, number, promise

DUE_SOON = timedelta(minutes=30)
#: With something late already and the next so soon, the promise is broken and not about to break.
BROKEN_WITHIN = timedelta(minutes=15)


@require_GET
@member_page("see_queues")
def board(request: MemberRequest) -> HttpResponse:
    """Show the board; a script asks every quarter of a minute for the part that changes."""
    now = localtime(clock_now())
    teams = list(teams_visible_to(request.viewer))
    team = next((one for one in teams if one.pk == identifier(request.GET.get("team"))), None)
    among = [member.user_id for member in members_of(team)] if team else None
    present = board_now(viewer=request.viewer, now=now, among=among)
    context = {**_context(request, present, now), "teams": teams, "team": team}
    if request.htmx:
        return render(request, "board/live.html", context)
    context["assigning"] = _assigning(request) if request.viewer.may("lead") else None
    context["undo"] = last_change(request)
    return render(request, "board/board.html", context)


def _context(request: MemberRequest, present: BoardNow, now: datetime) -> dict[str, Any]:
    prediction = predict(present)
    desk = levers.Desk.of(request.viewer, present, prediction)
    pulled = levers.all_three(desk, {})
    finding = headline(present, prediction)
    return {
        "now": now,
        "finding": finding,
        "lead_text": " ".join([_lead(present), *stopped_late(present.queues, prediction.queues)]),
        "charts": day_charts(present, prediction, finding),
        "levers": [levers.shown(desk, one) for one in pulled],
        "together": levers.at_once(desk, pulled),
        "rows": sorted((_row(present, queue, prediction) for queue in present.queues), key=_urgency),
        "may_lead": request.viewer.may("lead"),
        "may_administer": request.viewer.may("administer"),
        "waiting": sum(queue.count for queue in present.queues),
        "unowned": present.unowned,
        "open_questions": present.open_questions,
        "crew": _crew_words(present),
        "measured": present.crew.measured,
        "full": [_full(one) for one in full_sources(request.viewer, usual=settings.SOURCE_OPEN_ITEMS)],
        "held": held_now(viewer=request.viewer, now=now),
        "overload": _overload(request, prediction),
        "follow_ups": follow_ups_waiting(request.viewer, at=now),
    }


def _overload(request: MemberRequest, prediction: Prediction) -> dict[str, Any]:
    """Return the overload plan at work, or whether one is ready when something will be late."""
    run, plan = running(request.viewer.workspace_id), plan_of(request.viewer.workspace_id)
    return {
        "run": run,
        "why": why_words(run) if run else "",
        "strata": strata_words(run.plan) if run else [],
        "plan": plan,
        "late": prediction.late,
    }


def _full(source: Source) -> str:
    """Say that a source is at its limit, which protects the queues from it."""
    return _("%(name)s has %(n)s open items, which is its limit: it is told to wait until some are done.") % {
        "name": source.name,
        "n": number(source.load.open_items),
    }


def headline(present: BoardNow, prediction: Prediction) -> str:
    """Say the board's finding in one sentence."""
    whole, now = prediction.whole, present.day.now
    waiting = sum(queue.count for queue in present.queues)
    if not present.queues:
        return _("There is no queue yet.")
    if not prediction.late:
        return _calm(waiting, whole, now)
    today = sum(queue.placed_since(present.day.start) for queue in present.queues)
    total = max(today + sum(prediction.expected.values()), prediction.late)
    facts = {"late": number(prediction.late), "total": number(total)}
    if whole.breaks_at is None:
        return _("%(late)s of %(total)s items are late; nothing more will be at today's pace.") % facts
    facts["promise"] = promise(_broken(present, prediction).promise)
    if whole.broken_at and whole.breaks_at - now < BROKEN_WITHIN:
        facts["time"] = clock(whole.broken_at, now)
        return (
            _("The %(promise)s broke at %(time)s; at today's pace %(late)s of %(total)s items will be late.") % facts
        )
    facts["time"] = clock(whole.breaks_at, now)
    return (
        _("At today's pace the %(promise)s breaks at %(time)s, and %(late)s of %(total)s items will be late.") % facts
    )


def _calm(waiting: int, whole: Forecast, now: datetime) -> str:
    if not waiting:
        return _("Nothing waits, and every promise holds.")
    words = ngettext(
        "One item waits, and every promise holds: at today's pace the line is clear at %(time)s.",
        "%(n)s items wait, and every promise holds: at today's pace the line is clear at %(time)s.",
        waiting,
    )
    return words % {"n": number(waiting), "time": clock(whole.clears_at, now)}


def _broken(present: BoardNow, prediction: Prediction) -> QueueNow:
    """Return the queue whose promise breaks first."""
    broken = [queue for queue in present.queues if prediction.queues[queue.id].breaks_at]
    return min(broken, key=lambda queue: prediction.queues[queue.id].breaks_at or present.day.end)


def _lead(present: BoardNow) -> str:
    start = f"{present.day.start:%H:%M}"
    week = _("The week before brought %(n)s items a day.") % {"n": number(present.received_week / 7)}
    need = sum(queue.placed_since(present.day.start) for queue in present.queues)
    today = _("%(n)s came since %(time)s, and %(need)s of them need a person.") % {
        "n": number(present.received_today),
        "time": start,
        "need": number(need),
    }
    return f"{week} {today}"


def stopped_late(queues: Iterable[QueueNow], told: Mapping[UUID, Forecast]) -> list[str]:
    """Say of each queue how much of it is late because a stop keeps it from everybody: the forecast counts that."""
    return [_stopped_words(queue, told[queue.id].stopped) for queue in queues if told[queue.id].stopped]


def _stopped_words(queue: QueueNow, count: int) -> str:
    words = ngettext(
        "%(queue)s: as long as the stop lasts, one item is handed to nobody; it counts as late.",
        "%(queue)s: as long as the stop lasts, %(n)s items are handed to nobody; they count as late.",
        count,
    )
    return words % {"queue": queue.name, "n": number(count)}


def _crew_words(present: BoardNow) -> str:
    count = len(present.crew.people)
    pace = number(present.crew.pace)
    if not present.crew.measured:
        words = ngettext(
            "One person; %(pace)s reviews an hour are assumed until enough is measured.",
            "%(n)s people; %(pace)s reviews an hour each are assumed until enough is measured.",
            count,
        )
    else:
        words = ngettext(
            "One person at work, %(pace)s reviews an hour.",
            "%(n)s people at work, %(pace)s reviews an hour each.",
            count,
        )
    return words % {"n": count, "pace": pace}


def day_charts(present: BoardNow, prediction: Prediction, finding: str) -> list[SafeString]:
    """Return the day's chart, wide and for phones."""
    at = prediction.whole.breaks_at
    breaks = _("promise breaks %(time)s") % {"time": f"{localtime(at):%H:%M}"} if at and prediction.late else ""
    label = _("Arrivals an hour against what people can review. %(finding)s") % {"finding": finding}
    return [
        charts.day_chart(present, prediction, label=label, breaks=breaks, narrow=narrow) for narrow in (False, True)
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """One queue on the board."""

    queue: QueueNow
    url: str
    waiting: str
    oldest: timedelta | None
    due_soon: int
    late: int
    people: str
    clears: str
    will_be_late: int
    will_be_late_words: str
    spark: SafeString


def _row(present: BoardNow, queue: QueueNow, prediction: Prediction) -> Row:
    now = present.day.now
    forecast = prediction.queues[queue.id]
    late = queue.due_before(now)
    return Row(
        queue=queue,
        url=reverse("board_queue", args=[queue.slug]),
        waiting=number(queue.count),
        oldest=now - queue.oldest_at if queue.oldest_at else None,
        due_soon=queue.due_before(now + DUE_SOON) - late,
        late=late,
        people=_people(present, queue),
        clears=_clears(queue, forecast, now),
        will_be_late=forecast.late,
        will_be_late_words=number(forecast.late),
        spark=charts.spark(queue, now, bad=forecast.late > 0),
    )


def _urgency(row: Row) -> tuple[int, int, str]:
    return -row.will_be_late, -row.queue.count, row.queue.name


def _people(present: BoardNow, queue: QueueNow) -> str:
    """Say how many serve a queue, and whether they serve others too."""
    count = number(len(present.crew.on(queue.id)))
    return _("%(n)s shared") % {"n": count} if present.crew.shared(queue.id) else count


def _clears(queue: QueueNow, forecast: Forecast, now: datetime) -> str:
    if forecast.stopped:
        return _("after the stop")  # nobody knows when that ends
    return clock(forecast.clears_at, now) if queue.count or forecast.late else _("clear")


def _assigning(request: MemberRequest) -> dict[str, Any]:
    return {"queues": visible_to(request.viewer), "people": who_could_help(request.viewer)}


@require_GET
@member_page("see_queues")
def board_hours(request: MemberRequest) -> HttpResponse:
    """Show the numbers behind the board's chart, and how they are worked out."""
    present = board_now(viewer=request.viewer, now=localtime(clock_now()))
    prediction = predict(present)
    context = {
        "hours": charts.day_hours(present, prediction),
        "per_hour": number(prediction.per_hour),
        "crew": _crew_words(present),
        "finding": headline(present, prediction),
        "week": number(present.received_week),
    }
    return render(request, "board/hours.html", context)


@require_GET
@member_page("see_queues")
def board_queue(request: MemberRequest, slug: str) -> HttpResponse:
    """Show one queue: its numbers, its people, and the head of its line."""
    queue = get_object_or_404(visible_to(request.viewer), slug=slug)
    now = localtime(clock_now())
    present = board_now(viewer=request.viewer, now=now)
    prediction = predict(present)
    here = next(one for one in present.queues if one.id == queue.pk)
    forecast = prediction.queues[queue.pk]
    context = {
        "queue": queue,
        "row": _row(present, here, prediction),
        "breaks": clock(forecast.breaks_at, now) if forecast.late else "",
        "stopped_late": stopped_late([here], prediction.queues),
        "people": _members(request, queue.pk, present),
        "head": [_waiting(slot, now) for slot in unowned_slots(request.viewer, queue_ids=[queue.pk])[:20]],
        "may_lead": request.viewer.may("lead"),
        "assigning": _assigning(request) if request.viewer.may("lead") else None,
    }
    return render(request, "board/queue.html", context)


def _members(request: MemberRequest, queue_id: Any, present: BoardNow) -> Sequence[dict[str, Any]]:
    members = who_could_help(request.viewer).filter(
        user__queue_memberships__queue_id=queue_id, user__queue_memberships__ended_at=None
    )
    at_work = set(present.crew.on(queue_id))
    return [{"user": one.user, "role": one.role, "at_work": one.user_id in at_work} for one in members]


def _waiting(slot: Any, now: datetime) -> dict[str, Any]:
    left = slot.entry.due_at - now
    state = "late" if left < timedelta() else "soon" if left < DUE_SOON else ""
    return {
        "label": slot.item.external_id,
        "url": reverse("item", args=[slot.item_id]),
        "placed_at": slot.entry.placed_at,
        "due": {"at": slot.entry.due_at, "left": left, "state": state},
    }
