"""The corrections feed: everything published, oldest first, for whoever keeps up with it."""

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.accounts.queries import workspace_of
from reviewqueue.review.feed import cursor_of, feed_page, position_of

from .pages import PAGE, query_of, whole_number
from .resource import Resource
from .schema import described
from .shapes import FEED_PARAMETERS

LONGEST_PAGE = 1_000


class Corrections(Resource):
    """What was published, by position."""

    scopes = {"GET": "items:read"}

    @described(
        "Follow what is published",
        name="list_corrections",
        answers={200: "FeedPage"},
        problems=[409, 422],
        parameters=FEED_PARAMETERS,
        about="Every published outcome of the workspace (of the key's source, if bound to one), oldest first: "
        "nothing is skipped and nothing comes twice. Keep `next` and send it as `since` the next time, now while "
        "`more` is true, later when it is not. A cursor is good for ever; a 409 says that the database was restored "
        "to a time before it.",
    )
    def get(self, request: Request) -> Response:
        """Return the publications behind a cursor."""
        query = query_of(request, ("since", "limit"))
        limit = whole_number(query, "limit", default=PAGE, least=1, most=LONGEST_PAGE)
        viewer = self.viewer(request)
        secret = bytes(workspace_of(viewer.workspace_id).secret)
        after = position_of(query["since"], secret=secret) if query.get("since") else 0
        page = feed_page(workspace_id=viewer.workspace_id, after=after, limit=limit, source=viewer.source_slug)
        following = cursor_of(page.through, secret=secret)
        return Response({"results": page.rows, "next": following, "more": page.more})
