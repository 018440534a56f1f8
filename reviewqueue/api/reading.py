"""The API for people: a page made on the server from the OpenAPI document."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .schema import document


def docs(request: HttpRequest) -> HttpResponse:
    """Show the API to people."""
    return render(request, "api/docs.html", {"operations": _operations(), "shapes": _shapes()})


@cache
def _operations() -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, "anchor": operation["operationId"], **_readable(operation)}
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def _readable(operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": operation["summary"],
        "about": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _named(operation.get("requestBody", {})),
        "answers": [
            {"status": status, "about": answer["description"], "shape": _named(answer)}
            for status, answer in sorted(operation["responses"].items())
        ],
    }


def _named(holder: dict[str, Any]) -> str:
    """Return the component that a body or answer has."""
    for content in holder.get("content", {}).values():
        return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    return ""


@cache
def _shapes() -> list[tuple[str, str]]:
    shapes = document()["components"]["schemas"]
    return [(name, json.dumps(shape, indent=2, default=str)) for name, shape in sorted(shapes.items())]
