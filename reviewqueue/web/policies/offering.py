"""What the builder offers to choose from: what this workspace has seen, and what is known anyway."""

from collections.abc import Iterable, Iterator
from itertools import chain

from django.utils.translation import gettext as _

from reviewqueue import detectors
from reviewqueue.accounts.access import Viewer
from reviewqueue.intake.models import Kind, ModelVersion
from reviewqueue.intake.queries import sources_visible_to, visible_to
from reviewqueue.queues.queries import visible_to as queues_visible_to
from reviewqueue.triage.detector_words import detector_words

#: A thing that may be typed, and what it is in words; no words where it says so itself.
Offer = tuple[str, str]
#: How many of the newest items are looked at for topics, languages and attributes.
LOOKED_AT = 500

#: What the "…" of a condition stands for.
ASKS = {
    "attribute": "attribute",
    "queue_load": "queue",
    "finding": "detector",
    "finding_kind": "detector",
    "hour": "zone",
    "weekday": "zone",
}


def asks(what: str) -> str:
    """Return which name a condition such as ``attribute.is`` asks for; an empty text when it asks for none."""
    return ASKS.get(what.partition(".")[0], "")


def offers(viewer: Viewer) -> dict[str, list[Offer]]:
    """Return what can be typed, by the id of its list: ``values-`` and a field, ``names-`` and what is asked."""
    seen = list(visible_to(viewer).order_by("-received_at").values("risk_tags", "attributes")[:LOOKED_AT])
    queues = queues_visible_to(viewer).order_by("name")
    sources = list(sources_visible_to(viewer).order_by("name"))
    versions = ModelVersion.objects.filter(source__in=sources).order_by("version")
    return {
        "values-kind": _plain(Kind.values),
        "values-risk_level": _plain(("low", "medium", "high")),
        "values-source": [(one.slug, one.name) for one in sources],
        "values-risk_tags": _plain(sorted(set(chain.from_iterable(one["risk_tags"] for one in seen)))),
        "values-model_version": _plain(sorted(set(versions.values_list("version", flat=True)))),
        "values-language": [("en", _("English")), ("de", _("German"))],
        "values-weekday": [("1, 2, 3, 4, 5", _("Monday to Friday")), ("6, 7", _("Saturday and Sunday"))],
        "values-hour": [("8-18", _("by day")), ("22-6", _("by night"))],
        "names-attribute": _plain(sorted(set(chain.from_iterable(one["attributes"] for one in seen)))),
        "names-queue": [(one.slug, one.name) for one in queues],
        "names-detector": [(name, detector_words(name)) for name in detectors.known()],
        "names-zone": _plain(_zones(viewer)),
    }


def _plain(values: Iterable[str]) -> list[Offer]:
    return [(one, "") for one in values]


def _zones(viewer: Viewer) -> Iterator[str]:
    yield from dict.fromkeys(filter(None, ("UTC", viewer.user.time_zone if viewer.user else "")))
