"""The tasks: each takes ids, calls one verb, and can be lost or repeated without harm."""

from . import (
    datasets,
    dealing,
    delivery,
    forgetting,
    gates,
    ladder,
    promises,
    publishing,
    replaying,
    ruling,
    stopping,
    triage,
    turns,
)

__all__ = [
    "datasets",
    "dealing",
    "delivery",
    "forgetting",
    "gates",
    "ladder",
    "promises",
    "publishing",
    "replaying",
    "ruling",
    "stopping",
    "triage",
    "turns",
]
