"""All style sheets, and all scripts, as one file each: many small sources, one request, no build.

The address carries a digest of the content, so browsers keep it for good and never see a stale one.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

#: What must come first; the rest of each folder follows by name, components before screens.
_FIRST = {"css": ("reset", "tokens", "base", "layout"), "js": ("page",)}
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """One file made of many."""

    body: bytes
    packed: bytes
    digest: str


def address(kind: str) -> str:
    """Return where a bundle is served from."""
    return reverse("bundle", args=[_bundle(kind).digest, kind])


def serve(request: HttpRequest, digest: str, kind: str) -> HttpResponse:
    """Answer with a bundle. An address of an earlier version is answered with today's, but not kept."""
    if kind not in _TYPES:
        raise Http404
    whole = _bundle(kind)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(whole.packed if packed else whole.body, content_type=_TYPES[kind])
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Cache-Control"] = "public, max-age=31536000, immutable" if digest == whole.digest else "no-store"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _bundle(kind: str) -> Bundle:
    if settings.DEBUG:
        return _joined(kind)
    return _kept(kind)


@lru_cache
def _kept(kind: str) -> Bundle:
    return _joined(kind)


def _joined(kind: str) -> Bundle:
    body = b"\n".join(path.read_bytes() for path in _sources(kind))
    return Bundle(body=body, packed=gzip.compress(body, mtime=0), digest=hashlib.sha256(body).hexdigest()[:16])


def _sources(kind: str) -> list[Path]:
    """Return a bundle's files in their order."""
    folder = Path(settings.BASE_DIR) / f"static/{kind}"
    first = [folder / f"{name}.{kind}" for name in _FIRST[kind]]
    components = sorted(folder.glob(f"components/*.{kind}"))
    rest = sorted(path for path in folder.glob(f"*.{kind}") if path not in first)
    return [*first, *components, *rest]
