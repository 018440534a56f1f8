"""Many items in one request, as a JSON list or a line each; every one has its own answer."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Workspace
from reviewqueue.accounts.queries import workspace_of
from reviewqueue.common import clock
from reviewqueue.common.errors import Invalid, Malformed, Place, ProductError
from reviewqueue.common.strictjson import Document, read_items, read_lines
from reviewqueue.intake.actions import Received
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import sources_for
from reviewqueue.intake.rules import Effort, Submission, check_declared, submission

from .limits import take_items
from .parsing import BatchParser, LinesParser, sent
from .problems import of_error
from .resource import Resource
from .schema import described
from .standing import what_became_of
from .submitting import Taken, declared_by, source_of

MAX_ITEMS = 1_000
#: Steps of checking against declared schemas that one batch may take: a few seconds at the worst.
BATCH_STEPS = 1_000_000


class ItemBatch(Resource):
    """Up to 1,000 items in one request."""

    scopes = {"POST": "items:write"}
    parser_classes = (BatchParser, LinesParser)

    @described(
        "Submit up to 1,000 items",
        name="submit_items",
        body="Batch",
        lines="Submission",
        answers={200: "BatchResult"},
        problems=[413, 422],
        about="Each item has its own answer, in order: `status` is what a single POST would have answered. One bad "
        "item never spoils the others. At most 16 MiB. As `application/x-ndjson` each line is an item; a line that "
        "is no JSON spoils only itself.",
    )
    def post(self, request: Request) -> Response:
        """Submit a batch; the good items are stored in one transaction."""
        viewer, now = self.viewer(request), clock.now()
        workspace = workspace_of(viewer.workspace_id)
        batch = _Batch(workspace, viewer)
        batch.read(_at_most(_documents(sent(request)), MAX_ITEMS), now)
        return Response({"results": batch.submit(now)})


def _documents(body: str | bytes | None) -> Iterator[Document | Malformed]:
    """Return what was sent, item by item: bytes are lines, a text is a JSON document."""
    return read_lines(body) if isinstance(body, bytes) else read_items(body or "")


class _Batch:
    """A batch being read and answered."""

    def __init__(self, workspace: Workspace, viewer: Viewer) -> None:
        self.workspace, self.viewer = workspace, viewer
        self.results: list[dict[str, Any]] = []
        self.good: list[tuple[int, Submission]] = []

    def read(self, documents: Iterator[Document | Malformed], now: Any) -> None:
        """Sort good items from bad ones; a bad one has its answer already."""
        secret = bytes(self.workspace.secret)
        for index, one in enumerate(documents):
            self.results.append({"index": index})
            try:
                if isinstance(one, Malformed):
                    raise one
                self.good.append((index, submission(one, secret=secret, now=now)))
            except ProductError as error:
                self._refuse(index, error)

    def submit(self, now: Any) -> list[dict[str, Any]]:
        """Store the good items and return every answer, in order."""
        sources = sources_for(self.viewer, {one.source for _, one in self.good})
        known = list(self._checked(sources))
        take_items(Counter(sources[one.source] for _, one in known))
        self._store(pipeline.submit_items, [one for one in known if not one[1].gate], sources, now)
        waiting = self._store(pipeline.submit_gated, [one for one in known if one[1].gate], sources, now)
        became = what_became_of(one.id for one in waiting.values() if not one.conflict)
        for index, answer in waiting.items():
            self.results[index] |= became.get(answer.id, {})
        return self.results

    def _store(
        self, verb: Callable, given: Sequence[tuple[int, Submission]], sources: dict[str, Source], now: Any
    ) -> dict[int, Received]:
        """Store submissions in one transaction, answer for each; return what became of them by their index."""
        if not given:
            return {}
        submissions = [one for _, one in given]
        received = verb(
            workspace=self.workspace, submissions=submissions, sources=sources, by=self.viewer.actor, now=now
        )
        by_index = {index: answer for (index, _one), answer in zip(given, received, strict=True)}
        for index, answer in by_index.items():
            self._answer(index, answer)
        return by_index

    def _checked(self, sources: dict[str, Source]) -> Iterator[tuple[int, Submission]]:
        """Yield the submissions that are as their source declares; the others have their answer already."""
        declared = declared_by([one for _, one in self.good if one.source in sources], sources)
        effort = Effort(BATCH_STEPS)
        for index, one in self.good:
            try:
                yield index, check_declared(one, declared.get(source_of(one, sources).pk), effort)
            except ProductError as error:
                self._refuse(index, error)

    def _answer(self, index: int, received: Received) -> None:
        if received.conflict:
            self._refuse(index, Taken())
        else:
            self.results[index] |= {"status": 201 if received.new else 200, "id": str(received.id)}

    def _refuse(self, index: int, error: ProductError) -> None:
        self.results[index] |= {"status": error.status, "error": of_error(error)}


def _at_most(documents: Iterator[Document | Malformed], most: int) -> Iterator[Document | Malformed]:
    for number, one in enumerate(documents):
        if number == most:
            raise Invalid(
                f"A batch may have {most:,} items.", places=[Place("#/items", f"More than {most:,} items.")]
            )
        yield one
