"""Reading request bodies: bounded, strict, exact."""

from typing import IO, Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from reviewqueue.common.errors import Malformed, TooLarge
from reviewqueue.common.strictjson import Document, decode, read

MAX_BODY = 1024 * 1024
MAX_BATCH = 16 * 1024 * 1024


class StrictJSONParser(BaseParser):
    """Parses one JSON document; ``request.data`` is a Document (exact text, value, canonical form)."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the document. Raises TooLarge or Malformed."""
        return read(decode(read_body(stream, parser_context, MAX_BODY)))


class BatchParser(BaseParser):
    """Reads a batch's text; its items are parsed one by one later."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the text. Raises TooLarge or Malformed."""
        return decode(read_body(stream, parser_context, MAX_BATCH))


class LinesParser(BaseParser):
    """Reads a batch of which each line is an item; its lines are decoded and parsed one by one later."""

    media_type = "application/x-ndjson"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the bytes. Raises TooLarge."""
        return read_body(stream, parser_context, MAX_BATCH)


def sent(request: Request) -> Any:
    """Return what a parser made of the body, or None when nothing was sent.

    Raises UnsupportedMediaType for a body that does not say what it is.
    """
    data = request.data
    if isinstance(data, Document | str | bytes):
        return data
    if not request.content_type and request.META.get("CONTENT_LENGTH") not in {None, "", "0"}:
        raise UnsupportedMediaType("none")
    return None


def sent_bytes(request: Request) -> bytes:
    """Return the body as it was sent."""
    data = sent(request)
    text = data.text if isinstance(data, Document) else data or b""
    return text.encode() if isinstance(text, str) else text


def idempotency_key_of(request: Request) -> str:
    """Return the request's Idempotency-Key. Raises Malformed for one that is not allowed."""
    key = request.META["HTTP_IDEMPOTENCY_KEY"]
    if not 0 < len(key) <= 255 or not (key.isascii() and key.isprintable()):
        raise Malformed("An Idempotency-Key has 1 to 255 printable characters.")
    return key


def read_body(stream: IO[bytes], context: Any, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes, whatever its Content-Length says.

    Raises TooLarge; UnsupportedMediaType for one that is compressed.
    """
    if context["request"].META.get("HTTP_CONTENT_ENCODING", "").lower() not in {"", "identity"}:
        raise UnsupportedMediaType("", detail="A body is sent as it is, without a Content-Encoding.")
    declared = context["request"].META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"A body may have {limit // 1024 // 1024} MiB.")
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"A body may have {limit // 1024 // 1024} MiB.")
    return body
