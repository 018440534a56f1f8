"""What goes in and comes out, as JSON Schema 2020-12: the OpenAPI document's components, a file each resource."""

from .choices import CHOICES
from .datasets import DATASETS
from .examples import EXAMPLES
from .feed import FEED, FEED_PARAMETERS
from .follow_ups import FOLLOW_UP_PARAMETERS, FOLLOW_UPS
from .items import ITEMS, LIST_PARAMETERS
from .objections import OBJECTIONS
from .outcomes import OUTCOMES, WAIT_PARAMETERS
from .problems import PROBLEM_EXAMPLES, PROBLEMS
from .sources import SOURCES
from .stops import STOPS
from .turns import TURNS
from .webhooks import DELIVERY_PARAMETERS, WEBHOOKS
from .words import IDEMPOTENCY_KEY, PAGE_PARAMETERS, Shape, in_query, ref

COMPONENTS: dict[str, Shape] = {
    **CHOICES,
    **ITEMS,
    **OUTCOMES,
    **FEED,
    **OBJECTIONS,
    **FOLLOW_UPS,
    **TURNS,
    **DATASETS,
    **SOURCES,
    **STOPS,
    **WEBHOOKS,
    **PROBLEMS,
}

__all__ = [
    "COMPONENTS",
    "DELIVERY_PARAMETERS",
    "EXAMPLES",
    "FEED_PARAMETERS",
    "FOLLOW_UP_PARAMETERS",
    "IDEMPOTENCY_KEY",
    "LIST_PARAMETERS",
    "PAGE_PARAMETERS",
    "PROBLEM_EXAMPLES",
    "WAIT_PARAMETERS",
    "Shape",
    "in_query",
    "ref",
]
