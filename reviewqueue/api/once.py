"""``Idempotency-Key``: what a program asks under a name of its own is done once, whatever happens in between.

The work and the answer to it are one transaction, so whoever asks again finds both or neither: a process that dies
before the commit has done nothing, one that dies after it has kept its answer. While a request works it holds its
key with a lock that PostgreSQL takes back when the transaction ends, however it ends; another with the same key is
told meanwhile that it still runs. Verbs with transactions of their own take part in this one.

Only what was done is kept: a refusal has done nothing, so the same request may be tried again and may then succeed.
"""

import hashlib
import re
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.actions import keep_answer, take_idempotency_key
from reviewqueue.accounts.models import AskedOnce
from reviewqueue.accounts.queries import asked_before
from reviewqueue.common import clock
from reviewqueue.common.errors import Conflict, Invalid, ProductError
from reviewqueue.common.failpoints import failpoint

from .parsing import sent_bytes
from .rendering import rendered

Work = Callable[[], Response]
Again = Callable[[AskedOnce], Response]

REPLAYED = "Idempotency-Replayed"
_ID = re.compile(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


class OtherRequest(Invalid):
    """This Idempotency-Key was sent before with another request."""

    slug = "idempotency-key-reused"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key is still running."""

    slug = "still-running"
    retry_after = 1


class Erased(ProductError):
    """This was answered before; what the answer told has been erased since."""

    status = 410
    slug = "erased"


def once(request: Request, viewer: Viewer, idempotency_key: str, work: Work, again: Again | None) -> HttpResponseBase:
    """Do the work of a request, or give the answer of the first time.

    ``again`` makes the answer anew from what was made, for a view that keeps none (its Response has ``made_id``).
    Raises OtherRequest, StillRunning, Erased, and whatever the work raises.
    """
    assert viewer.key_id is not None
    asked = AskedOnce(
        workspace_id=viewer.workspace_id,
        key_id=viewer.key_id,
        idempotency_key=idempotency_key,
        request_hash=_hash(request),
        created_at=clock.now(),
    )
    with transaction.atomic():
        alone = take_idempotency_key(viewer_key=asked.key_id, idempotency_key=asked.idempotency_key)
        known = _known(asked)  # once the key is held, nobody can answer it beside us
        if known is not None:
            return _replayed(asked, known, again)
        if not alone:
            raise StillRunning
        try:
            answer, refusal = _kept(asked, work()), None
        except ProductError as error:
            refusal = error
    if refusal is not None:
        try:
            raise refusal
        finally:
            refusal = None  # it holds this frame
    failpoint("once.committed")
    return answer


def _kept(asked: AskedOnce, answer: Response) -> HttpResponseBase:
    """Keep an answer, and return it as the bytes that were kept."""
    if answer.status_code >= 400:
        return answer
    asked.status, asked.headers = answer.status_code, dict(answer.headers)
    asked.headers.pop("Content-Type", None)
    made = hasattr(answer, "made_id")
    asked.made_id = getattr(answer, "made_id", None)
    body = b"" if made else rendered(answer.data)
    asked.body = body.decode()
    asked.item_ids = [UUID(one) for one in dict.fromkeys(_ID.findall(asked.body))]
    keep_answer(asked=asked)
    failpoint("once.kept")
    return answer if made else _given(asked)


def _replayed(asked: AskedOnce, known: AskedOnce, again: Again | None) -> HttpResponseBase:
    if bytes(known.request_hash) != asked.request_hash:
        raise OtherRequest
    if known.redacted_at:
        raise Erased
    answer = again(known) if again else _given(known)
    answer.headers[REPLAYED] = "true"
    return answer


def _given(kept: AskedOnce) -> HttpResponse:
    """Return an answer as it was given, to the byte."""
    answer = HttpResponse(kept.body.encode(), status=kept.status, headers=kept.headers)
    if kept.body:
        answer.headers["Content-Type"] = "application/json"
    else:
        del answer.headers["Content-Type"]
    return answer


def _known(asked: AskedOnce) -> AskedOnce | None:
    return asked_before(viewer_key=asked.key_id, idempotency_key=asked.idempotency_key)


def _hash(request: Request) -> bytes:
    """Return what makes two requests the same: method, address and body, to the letter."""
    line = f"{request.method} {request.get_full_path()}\n"
    return hashlib.sha256(line.encode() + sent_bytes(request)).digest()
