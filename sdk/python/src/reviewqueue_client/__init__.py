"""The Python client of Review Queue. Begin with :class:`ReviewQueue` or :class:`AsyncReviewQueue`."""

from . import webhooks
from .aio import AsyncFeed, AsyncGuard, AsyncReviewQueue
from .background import Background, Status
from .client import Feed, Guard, ReviewQueue
from .errors import (
    BadSignature,
    Conflict,
    Invalid,
    NotAllowed,
    NotAnItem,
    NotConfigured,
    NotNow,
    NotThere,
    Place,
    Problem,
    RateLimited,
    Refused,
    ReviewQueueError,
    SpoolError,
    SpoolFull,
    StillWaiting,
    Unavailable,
    Withdrawn,
    Withheld,
)
from .flow import Retry
from .guarding import Answer, Guarded
from .items import CommonFields, GateFields, ItemFields, Kind, Link, Model, Risk
from .shapes import Correction, Gate, Item, Outcome, Result, Standing, StoredItem, Triage
from .spool import RefusedItem
from .version import __version__
from .webhooks import Event

__all__ = [
    "Answer",
    "AsyncFeed",
    "AsyncGuard",
    "AsyncReviewQueue",
    "Background",
    "BadSignature",
    "CommonFields",
    "Conflict",
    "Correction",
    "Event",
    "Feed",
    "Gate",
    "GateFields",
    "Guard",
    "Guarded",
    "Invalid",
    "Item",
    "ItemFields",
    "Kind",
    "Link",
    "Model",
    "NotAllowed",
    "NotAnItem",
    "NotConfigured",
    "NotNow",
    "NotThere",
    "Outcome",
    "Place",
    "Problem",
    "RateLimited",
    "Refused",
    "RefusedItem",
    "Result",
    "Retry",
    "ReviewQueue",
    "ReviewQueueError",
    "Risk",
    "SpoolError",
    "SpoolFull",
    "Standing",
    "Status",
    "StillWaiting",
    "StoredItem",
    "Triage",
    "Unavailable",
    "Withdrawn",
    "Withheld",
    "__version__",
    "webhooks",
]
