"""The quality page: what people judged by source and model version, said to be queue figures and nothing more."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from reviewqueue.common.clock import now as clock_now
from reviewqueue.intake.models import ModelVersion, Source
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.metrics.queries.quality import Figures, QualityNow, quality_now
from reviewqueue.queues.queries import reason_labels

from .access import member_page
from .charts import DayVolume, cell_bar, volume_chart
from .context import MemberRequest
from .parameters import whole
from .words import number, share

#: Shares of fewer judged items say nothing and are not shown.
FEWEST = 20
PERIODS = (7, 14, 28, 90)


@require_GET
@member_page("see_quality")
def quality(request: MemberRequest) -> HttpResponse:
    """Show the figures of a period."""
    asked = _asked(request)
    found = _found(request, asked)
    days = _days(found, asked["since"], asked["until"])
    finding = _finding(found.whole)
    labels = reason_labels(request.viewer, get_language() or "")
    context = {
        **asked,
        "finding": finding,
        "apart": _apart(found.whole),
        "charts": [volume_chart(days, label=_chart_label(days), narrow=narrow) for narrow in (False, True)],
        "days_shown": list(reversed(days)),
        "rows": list(_rows(request, found)),
        "reasons": [(labels.get(slug, slug), count) for slug, count in found.reasons],
        "periods": PERIODS,
        "sources": sources_visible_to(request.viewer).order_by("slug"),
        "csv_url": reverse("quality_csv", query={"days": asked["days"], "source": asked["source"]}),
        "fewest": FEWEST,
    }
    return render(request, "quality/quality.html", context)


def _asked(request: MemberRequest) -> dict[str, Any]:
    until = localtime(clock_now())
    days = whole(request.GET.get("days"), 14, least=1, most=366)
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=days - 1)
    return {"days": days, "source": request.GET.get("source", "")[:200], "since": since, "until": until}


def _found(request: MemberRequest, asked: dict[str, Any]) -> QualityNow:
    source = sources_visible_to(request.viewer).filter(slug=asked["source"].replace("\x00", "")).first()
    return quality_now(
        viewer=request.viewer,
        since=asked["since"],
        until=asked["until"],
        source_id=source.pk if source else None,
    )


def _apart(figures: Figures) -> str:
    """Say what is counted apart: answers that had passed and were called wrong."""
    if not figures.directed:
        return ""
    words = ngettext(
        "One answer that had passed was called wrong afterwards and looked at; it is not among what people"
        " judged here.",
        "%(n)s answers that had passed were called wrong afterwards and looked at; they are not among what people"
        " judged here.",
        figures.directed,
    )
    return words % {"n": number(figures.directed)}


def _finding(figures: Figures) -> str:
    if not figures.received:
        return _("Nothing was received in this period.")
    if not figures.judged:
        return _("%(n)s items were received; none of them has been judged yet.") % {"n": number(figures.received)}
    words = ngettext(
        "People judged %(judged)s of %(received)s items and found a fault in one of them.",
        "People judged %(judged)s of %(received)s items and found a fault in %(faulty)s of them.",
        figures.faulty,
    )
    return words % {
        "judged": number(figures.judged),
        "received": number(figures.received),
        "faulty": number(figures.faulty),
    }


def _days(found: QualityNow, since: datetime, until: datetime) -> list[DayVolume]:
    """Return every day of the period, those without items too."""
    days = []
    day = since
    while day <= until:
        figures = found.days.get(day, Figures())
        days.append(DayVolume(day, figures.received, figures.judged))
        day = (day + timedelta(days=1, hours=6)).replace(hour=0)  # six hours more: days of 25 hours are days too
    return days


def _chart_label(days: list[DayVolume]) -> str:
    most = max(days, key=lambda one: one.received)
    return _("Items a day, received and judged. The most came on %(day)s: %(n)s.") % {
        "day": f"{most.day:%Y-%m-%d}",
        "n": number(most.received),
    }


def _rows(request: MemberRequest, found: QualityNow) -> Iterator[dict[str, Any]]:
    sources = Source.objects.filter(workspace_id=request.viewer.workspace_id).in_bulk()
    versions = ModelVersion.objects.filter(workspace_id=request.viewer.workspace_id).in_bulk()
    for (source_id, version_id), figures in sorted(found.versions.items(), key=_newest(versions)):
        version = versions.get(version_id) if version_id else None
        enough = figures.judged >= FEWEST
        yield {
            "source": sources[source_id],
            "version": f"{version.name} {version.version}" if version else _("no version given"),
            "figures": figures,
            "decisions": [figures.decisions.get(one, 0) for one in ("approve", "edit", "reject")],
            "severities": [figures.severities.get(one, 0) for one in ("minor", "major", "critical")],
            "faulty": share(figures.faulty, figures.judged) if enough else "",
            "bar": cell_bar(figures.faulty, figures.judged) if enough else "",
            "wait": timedelta(seconds=figures.median_wait) if figures.median_wait is not None else None,
        }


def _newest(versions: dict[UUID, ModelVersion]) -> Any:
    def key(pair: tuple[tuple[UUID, UUID | None], Figures]) -> tuple[str, float]:
        (source_id, version_id), _figures = pair
        version = versions.get(version_id) if version_id else None
        return str(source_id), -version.first_seen_at.timestamp() if version else 0.0

    return key


@require_GET
@member_page("see_quality")
def quality_csv(request: MemberRequest) -> HttpResponse:
    """Hand out the same figures as CSV: one line per source and model version."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="quality.csv"'
    writer = csv.writer(response)
    counts = ("approve", "edit", "reject"), ("none", "minor", "major", "critical")
    writer.writerow(
        ["source", "model_version", "received", "passed", "waiting", "judged", *counts[0]]
        + [f"severity_{one}" for one in counts[1]]
        + ["median_wait_seconds"]
    )
    for row in _rows(request, _found(request, _asked(request))):
        figures = row["figures"]
        writer.writerow(
            [_cell(row["source"].slug), _cell(row["version"]), figures.received, figures.passed, figures.waiting]
            + [figures.judged]
            + [figures.decisions.get(one, 0) for one in counts[0]]
            + [figures.severities.get(one, 0) for one in counts[1]]
            + ["" if figures.median_wait is None else round(figures.median_wait)]
        )
    return response


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
