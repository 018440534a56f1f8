"""The corrections feed."""

from .outcomes import OUTCOMES
from .words import COUNT, FLAG, Shape, in_query, listed, obj, ref, text

FEED: dict[str, Shape] = {
    "FeedRow": obj(
        {
            **OUTCOMES["Outcome"]["properties"],
            "position": COUNT | {"description": "Its place in the order of the workspace's publications, from 1."},
            "external_id": text(),
            "source": text(),
            "kind": ref("Kind"),
            "correction": {
                "description": "What the reviewer changed it to; null unless the decision is edit.",
                "type": ["object", "null"],
                "additionalProperties": True,
            },
        }
    ),
    "FeedPage": obj(
        {
            "results": listed(ref("FeedRow")),
            "next": text(description="Send it as `since` the next time; it never changes and never goes stale."),
            "more": FLAG | {"description": "Whether something lies behind `next` already."},
        }
    ),
}

FEED_PARAMETERS = [
    in_query("since", text(), "The last `next`; without it the feed begins at its start."),
    in_query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Rows on a page."),
]
