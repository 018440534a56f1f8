"""Datasets and releases."""

from reviewqueue.datasets.models import Dataset

from .words import (
    COUNT,
    FREE,
    TIME,
    Shape,
    choice,
    listed,
    nullable,
    obj,
    page_of,
    text,
)

DATASETS: dict[str, Shape] = {
    "Dataset": obj(
        {
            "slug": text(),
            "name": text(),
            "format": choice(Dataset.Format.values),
            "query": FREE,
            "created_at": TIME,
            "latest_version": {"type": ["integer", "null"]},
        }
    ),
    "DatasetPage": page_of("Dataset"),
    "Definition": obj(
        {
            "slug": text(50, pattern="^[-a-zA-Z0-9_]+$"),
            "name": nullable(text(200)),
            "format": choice(Dataset.Format.values),
            "query": {
                "type": ["object", "null"],
                "properties": {name: listed(text()) for name in ("sources", "kinds", "model_versions")},
                "additionalProperties": False,
            },
        },
        ("name", "query"),
        closed=True,
    ),
    "Release": obj(
        {
            "dataset": text(),
            "version": {"type": "integer"},
            "state": choice(["building", "ready", "failed"]),
            "through_position": COUNT,
            "requested_at": TIME,
            "ready_at": nullable(TIME),
            "rows": nullable(COUNT),
            "bytes": nullable(COUNT),
            "sha256": nullable(text()),
            "manifest": {"type": ["object", "null"], "additionalProperties": True},
            "files": listed(obj({"name": text(), "url": text(format="uri")})),
        }
    ),
}
