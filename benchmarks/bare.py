"""The floor of intake and of claims: bare Django views on the product's own server set-up; no key, no checks."""

import json
import os
from pathlib import Path

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from psycopg import Connection
from psycopg_pool import ConnectionPool

from reviewqueue.common.ids import new_id
from reviewqueue.runtime import addresses

#: How many slots of each lane a claim looks at in the end.
FURTHEST = 1_024

settings.configure(
    SECRET_KEY="nothing here is signed with this key, which the bare views never use",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)
django.setup()

pool = ConnectionPool(
    addresses(Path(os.environ["DATA_DIR"])).database_url,
    kwargs={"autocommit": True},
    min_size=1,
    max_size=20,
    open=True,
)


def insert(request: HttpRequest) -> HttpResponse:
    """Insert one row."""
    item, key = json.loads(request.body), new_id()
    with pool.connection() as plain:
        plain.execute("INSERT INTO bare_item VALUES (%s, %s, %s)", [key, item["external_id"], request.body.decode()])
    return _created({"id": str(key)})


def copy(request: HttpRequest) -> HttpResponse:
    """Copy the items of a batch into the table."""
    rows = [(new_id(), item["external_id"], json.dumps(item)) for item in json.loads(request.body)["items"]]
    with pool.connection() as plain, plain.cursor().copy("COPY bare_item FROM STDIN") as target:
        for row in rows:
            target.write_row(row)
    return _created({"ids": [str(row[0]) for row in rows]})


def claim(request: HttpRequest) -> HttpResponse:
    """Run the claim statement alone, and read what the item says."""
    given = json.loads(request.body)
    with pool.connection() as plain:
        row = _taken(plain, given)
        while row is None or row[0] is None:  # others are claiming all that it looked at: it looks further
            given["head"] *= 2
            if given["head"] > FURTHEST:
                return HttpResponse("nothing was there to claim", status=204)
            row = _taken(plain, given)
        said = plain.execute("SELECT body FROM intake_itemcontent WHERE item_id = %s", [row[2]]).fetchone()
    return _created({"id": str(row[0]), "item": json.loads(said[0]) if said else None})


def _taken(plain: Connection, given: dict) -> tuple | None:
    return plain.execute(os.environ["BARE_CLAIM"].replace("%(head)s::int", str(given["head"])), given).fetchone()


def _created(body: dict) -> HttpResponse:
    answer = JsonResponse(body, status=201)
    answer["Content-Length"] = str(len(answer.content))
    return answer


urlpatterns = [path("api/v1/items", insert), path("api/v1/items/batch", copy), path("api/v1/claims", claim)]
application = WSGIMiddleware(get_wsgi_application(), workers=int(os.environ.get("WEB_THREADS", "8")))  # type: ignore[arg-type]
