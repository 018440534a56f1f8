"""The API for people: a page made on the server from the OpenAPI document."""

import json
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from .operations import PROBLEM, SCHEME
from .schema import document
from .trying import curl, python
from .wording import described_shape, kind_of, marked

Shown = dict[str, Any]


def docs(request: HttpRequest) -> HttpResponse:
    """Show the API to people."""
    whole = {"resources": _resources(), "shapes": _shapes(), "problems": _problems()}
    return render(request, "api/docs.html", {**whole, "url": request.build_absolute_uri("/").rstrip("/")})


@cache
def _resources() -> list[Shown]:
    """Return the resources, each with its operations, in the order of the document."""
    operations = [_operation(*one) for one in _all()]
    return [
        {**tag, "operations": [one for one in operations if one["tag"] == tag["name"]]} for tag in document()["tags"]
    ]


def _all() -> Iterator[tuple[str, str, Shown]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _operation(method: str, path: str, operation: Shown) -> Shown:
    name, about = operation["operationId"], operation["description"].split("\n\n")
    parts = [{**one, "kind": kind_of(one["schema"])} for one in operation.get("parameters", [])]
    body = operation.get("requestBody", {}).get("content", {})
    examples = _examples(body)
    first = examples[0]["value"] if examples else None
    return {
        "name": name,
        "tag": operation["tags"][0],
        "method": method,
        "path": _breakable(path),
        "scopes": operation["security"][0][SCHEME],
        "summary": operation["summary"],
        "about": [marked(one) for one in about],
        "parameters": [{**one, "about": marked(one.get("description", ""))} for one in parts],
        "bodies": [{"media_type": media_type, **_content(one)} for media_type, one in body.items()],
        "curl": curl(method, path, first),
        "python": python(name, method, path, first),
        "more": examples[1:],
        "answers": [_answer(status, one) for status, one in sorted(operation["responses"].items()) if status < "300"],
        "refusals": [status for status in sorted(operation["responses"]) if status >= "300"],
    }


def _answer(status: str, answer: Shown) -> Shown:
    content = answer.get("content", {})
    return {
        "status": status,
        "phrase": HTTPStatus(int(status)).phrase,
        "about": marked(answer["description"]),
        "headers": [name for name in answer.get("headers", {}) if not name.startswith("RateLimit")],
        "bodies": [{"media_type": media_type, **_content(one)} for media_type, one in content.items()],
        "examples": _examples(content),
    }


def _content(content: Shown) -> Shown:
    """Return a body in words; a component is told whole."""
    shape = content["schema"]
    name = shape.get("$ref", "").rpartition("/")[2]
    told = described_shape(name) if name else {"about": shape.get("description", "")}
    return {**told, "kind": kind_of(shape)}


def _examples(content: Shown) -> list[Shown]:
    return [
        {"summary": one["summary"], "value": one["value"], "text": _json(one["value"])}
        for holder in content.values()
        for one in holder.get("examples", {}).values()
    ]


@cache
def _shapes() -> list[Shown]:
    return [described_shape(name) for name in sorted(document()["components"]["schemas"])]


@cache
def _problems() -> list[Shown]:
    """Return every refusal there is: status, when, headers, and an example."""
    found: dict[str, Shown] = {}
    for _method, _path, operation in _all():
        for status, answer in operation["responses"].items():
            if PROBLEM in answer.get("content", {}):
                found.setdefault(status, _answer(status, answer))
    return [found[status] for status in sorted(found)]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _breakable(path: str) -> SafeString:
    """Return a path that may be broken before each slash."""
    return format_html_join(mark_safe("<wbr>"), "/{}", ((one,) for one in path.strip("/").split("/")))
