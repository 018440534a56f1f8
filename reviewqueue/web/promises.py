"""Promises: what is promised, what will be late until tomorrow's end and who is missing, what was missed and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from reviewqueue.accounts.models import Team
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import NotThere, ProductError
from reviewqueue.metrics.queries.outlook import TODAY, WEEK, OutlookNow, outlook_now
from reviewqueue.metrics.rules.outlook import QueueAhead, Shortage, look_ahead, shortage
from reviewqueue.queues.actions import end_promise, set_promise
from reviewqueue.queues.models import Promise, Queue
from reviewqueue.queues.promises import Promises, promises_of
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.models import Miss
from reviewqueue.triage.overload import misses_of, plan_of, running

from .access import member_page
from .board import stopped_late
from .context import MemberRequest
from .miss_words import facts_words, miss_words
from .parameters import identifier, whole
from .words import clock, number

#: So many queues are shown hour by hour, and so many get the search for who is missing.
SHOWN, SOUGHT = 6, 3
DAYS, MOST_DAYS, PAGE = 7, 90, 50


@require_GET
@member_page("see_queues")
def promises(request: MemberRequest) -> HttpResponse:
    """Show what is promised, what will be late, and what was missed lately."""
    now = localtime(clock_now())
    like = WEEK if request.GET.get("like") == WEEK else TODAY
    outlook = outlook_now(viewer=request.viewer, now=now, like=like)
    queues = sorted(look_ahead(outlook.ahead), key=lambda one: (-one.late, one.queue.name))
    missing = [found for one in queues[:SOUGHT] if (found := shortage(outlook.ahead, one))]
    since = now - timedelta(days=DAYS)
    context = {
        "finding": _finding(queues, now),
        "shortages": [_shortage_words(one, now) for one in missing],
        "unfilled": _unfilled(outlook, now),
        "stopped_late": stopped_late([one.queue for one in queues], {one.queue.id: one.forecast for one in queues}),
        "like": like,
        "teams": outlook.planned.teams,
        "late": [_ahead(one, now) for one in queues if one.late][:SHOWN],
        "rows": _rows(request, promises_of(request.viewer.workspace_id)),
        "all_teams": Team.objects.filter(workspace_id=request.viewer.workspace_id, ended_at=None).order_by("name"),
        "why": _by_why(request, since),
        "days": DAYS,
        "may_lead": request.viewer.may("lead"),
        "plan": plan_of(request.viewer.workspace_id),
        "run": running(request.viewer.workspace_id),
    }
    return render(request, "promises/promises.html", context)


def _finding(queues: Sequence[QueueAhead], now: datetime) -> str:
    if not queues:
        return _("There is no queue yet.")
    late = sum(one.late for one in queues)
    first = min((one.first for one in queues if one.first), default=None)
    if not late:
        return _("Every promise holds until the end of tomorrow.")
    if first is None:
        words = ngettext(
            "One item is late; nothing more will be.", "%(n)s items are late; nothing more will be.", late
        )
        return words % {"n": number(late)}
    words = ngettext(
        "Until the end of tomorrow one item will be late, at %(time)s.",
        "Until the end of tomorrow %(n)s items will be late, the first at %(time)s.",
        late,
    )
    return words % {"n": number(late), "time": clock(first, now)}


def _shortage_words(found: Shortage, now: datetime) -> str:
    told = {
        "queue": found.queue.name,
        "begin": clock(found.begins, now),
        "end": clock(found.ends, now),
        "n": found.people,
    }
    if found.people is None:
        return _("%(queue)s: more people cannot keep all of it from %(begin)s to %(end)s.") % told
    words = ngettext(
        "%(queue)s: one person more from %(begin)s to %(end)s would keep every promise to come.",
        "%(queue)s: %(n)s people more from %(begin)s to %(end)s would keep every promise to come.",
        found.people,
    )
    return words % told


def _unfilled(outlook: OutlookNow, now: datetime) -> list[str]:
    """Say which shifts plan more people than their team has: nobody counts on them."""
    until = outlook.ahead.until
    return [
        _("From %(begin)s to %(end)s a shift plans %(n)s people more than its team has.")
        % {"begin": clock(begin, now), "end": clock(end, now), "n": people}
        for begin, end, people in outlook.planned.missing
        if begin < until
    ]


def _ahead(one: QueueAhead, now: datetime) -> dict[str, Any]:
    shown = [hour for hour in one.hours if hour.coming >= 0.5 or hour.people or hour.late or hour.waiting]
    return {
        "queue": one.queue,
        "url": reverse("board_queue", args=[one.queue.slug]),
        "told": _told(one, now),
        "hours": shown,
    }


def _told(one: QueueAhead, now: datetime) -> str:
    """Say how much of a queue is late; nobody knows when a stop ends."""
    facts = {"late": number(one.late), "clears": clock(one.forecast.clears_at, now)}
    if one.forecast.stopped:
        return _("%(late)s late as long as the stop lasts") % facts
    if one.first is None:
        return _("%(late)s late already; clear at %(clears)s") % facts
    return _("%(late)s late, the first at %(first)s; clear at %(clears)s") % {**facts, "first": clock(one.first, now)}


def _rows(request: MemberRequest, said: Promises) -> list[dict[str, Any]]:
    """Return a row for each queue, and one for what is urgent there where that has a promise of its own."""
    rows = []
    for queue in visible_to(request.viewer):
        for urgency in Promise.Urgency.values:
            promised, own = said.of(queue, urgency), said.said.get((queue.pk, urgency))
            if own is None and urgency == Promise.Urgency.HIGH:
                continue
            rows.append(
                {
                    "queue": queue,
                    "urgency": urgency,
                    "length": timedelta(minutes=promised.minutes),
                    "team": promised.row.team if promised.row else None,
                    "own": own.row if own else None,
                }
            )
    return rows


def _by_why(request: MemberRequest, since: datetime) -> list[dict[str, Any]]:
    """Return how many promises were missed, by why; the most frequent first."""
    counted = misses_of(request.viewer.workspace_id, since=since).order_by().values_list("why")
    found = sorted(counted.annotate(n=Count("pk")), key=lambda row: -row[1])
    most = max((count for _why, count in found), default=1)
    return [
        {"why": why, "words": miss_words(why), "n": number(count), "share": round(100 * count / most)}
        for why, count in found
    ]


@require_POST
@member_page("lead")
def promise_set(request: MemberRequest) -> HttpResponse:
    """Promise something for a queue and an urgency."""
    queue = get_object_or_404(visible_to(request.viewer), slug=request.POST.get("queue", ""))
    team = None
    if request.POST.get("team"):
        teams = Team.objects.filter(workspace_id=request.viewer.workspace_id, ended_at=None)
        wanted = identifier(request.POST["team"])
        team = teams.filter(pk=wanted).first() if wanted else None
        if team is None:
            raise NotThere
    try:
        set_promise(
            queue=queue,
            urgency=request.POST.get("urgency", ""),
            minutes=whole(request.POST.get("minutes"), 0),
            team=team,
            by=request.user,
            actor=request.viewer.actor,
            now=clock_now(),
        )
    except ProductError as error:
        messages.error(request, error.places[0].detail if error.places else error.detail)
    else:
        messages.success(request, _("Promised. What comes from now on is due by it."))
    return redirect("promises")


@require_POST
@member_page("lead")
def promise_end(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Let the queue's own minutes hold again."""
    own = Promise.objects.filter(workspace_id=request.viewer.workspace_id, ended_at=None)
    end_promise(promise=get_object_or_404(own, pk=pk), actor=request.viewer.actor, now=clock_now())
    messages.success(request, _("Removed. The queue's own minutes hold for what comes."))
    return redirect("promises")


# --- what was missed ----------------------------------------------------------------------------------------------


@require_GET
@member_page("see_queues")
def misses(request: MemberRequest) -> HttpResponse:
    """Show the promises that were not kept, newest first, filtered by the address."""
    now = localtime(clock_now())
    days = whole(request.GET.get("days"), DAYS, least=1, most=MOST_DAYS)
    queue = visible_to(request.viewer).filter(slug=request.GET.get("queue", "")[:50]).first()
    why = request.GET.get("why", "") if request.GET.get("why") in Miss.Why.values else ""
    found = misses_of(request.viewer.workspace_id, since=now - timedelta(days=days))
    found = found.filter(queue=queue) if queue else found
    counts = dict(found.order_by().values_list("why").annotate(n=Count("pk")))
    shown = found.filter(why=why) if why else found
    start = whole(request.GET.get("start"), 0)
    rows = list(shown[start : start + PAGE + 1])
    context = {
        "total": number(sum(counts.values())),
        "any": bool(counts),
        "rows": [_miss(one) for one in rows[:PAGE]],
        "reasons": [{"why": one, "words": miss_words(one), "n": counts.get(one, 0)} for one in Miss.Why.values],
        "why": why,
        "queue": queue,
        "days": days,
        "queues": visible_to(request.viewer),
        "summary": _("newest first"),
        "newer_url": _address(days, queue, why, max(start - PAGE, 0)) if start else "",
        "older_url": _address(days, queue, why, start + PAGE) if len(rows) > PAGE else "",
    }
    return render(request, "promises/misses.html", context)


def _address(days: int, queue: Queue | None, why: str, start: int) -> str:
    given = {"days": str(days), "queue": queue.slug if queue else "", "why": why, "start": str(start)}
    return reverse("misses", query={name: value for name, value in given.items() if value})


def _miss(one: Miss) -> dict[str, Any]:
    ended = one.entry.ended_at
    return {
        "miss": one,
        "item": one.entry.item,
        "words": miss_words(one.why),
        "facts": facts_words(one.facts),
        "by": (ended - one.due_at) if ended and ended > one.due_at else None,
        "open": ended is None,
    }
