"""The tasks: each takes ids, calls one verb, and can be lost or repeated without harm."""

from . import (
    datasets,
    dealing,
    delivery,
    forgetting,
    gates,
    ladder,
    looking,
    promises,
    publishing,
    replaying,
    ruling,
    shifting,
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
    "looking",
    "promises",
    "publishing",
    "replaying",
    "ruling",
    "shifting",
    "stopping",
    "triage",
    "turns",
]
