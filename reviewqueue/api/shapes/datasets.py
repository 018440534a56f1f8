"""Datasets and releases."""

from .words import (
    COUNT,
    TIME,
    Shape,
    listed,
    nullable,
    obj,
    optional,
    page_of,
    ref,
    text,
)

_QUERY = ("sources", "kinds", "model_versions")

DATASETS: dict[str, Shape] = {
    "Dataset": obj(
        {
            "slug": text(),
            "name": text(),
            "format": ref("DatasetFormat"),
            "query": ref("DatasetQuery"),
            "created_at": TIME,
            "latest_version": {"type": ["integer", "null"]},
        }
    ),
    "DatasetPage": page_of("Dataset"),
    "Definition": obj(
        {
            "slug": text(50, pattern="^[-a-zA-Z0-9_]+$"),
            "name": nullable(text(200)),
            "format": ref("DatasetFormat"),
            "query": optional("DatasetQuery"),
        },
        ("name", "query"),
        closed=True,
    ),
    "DatasetQuery": obj(
        dict.fromkeys(_QUERY, listed(text())),
        _QUERY,
        closed=True,
        about="Which outcomes; an empty list narrows nothing.",
    ),
    "ReleaseFile": obj({"name": text(), "url": text(format="uri")}),
    "Release": obj(
        {
            "dataset": text(),
            "version": {"type": "integer"},
            "state": ref("ReleaseState"),
            "through_position": COUNT,
            "requested_at": TIME,
            "ready_at": nullable(TIME),
            "rows": nullable(COUNT),
            "bytes": nullable(COUNT),
            "sha256": nullable(text()),
            "manifest": {"type": ["object", "null"], "additionalProperties": True},
            "files": listed(ref("ReleaseFile")),
        }
    ),
    "ReleasePage": page_of("Release"),
}
