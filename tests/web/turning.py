"""Steps of a reviewer's turn as their browser sends them: forms, without scripts."""

from typing import Any

from django.test import Client
from django.urls import reverse

from reviewqueue.assignment.models import Assignment

HTMX = {"hx-request": "true"}


def take(client: Client) -> Assignment:
    """Take the next item and return the turn."""
    client.post(reverse("claim"), follow=True)
    return Assignment.objects.filter(ended_at=None).latest("opened_at")


def fields(turn: Assignment, **more: Any) -> dict[str, Any]:
    return {"fence": turn.fence, "correction": "It will arrive on Friday.", **more}


def edited(turn: Assignment, text: str = "It will arrive on Monday.", **more: Any) -> dict[str, Any]:
    return fields(turn, decision="edit", severity="major", **{"correction": text, **more})


def post(client: Client, turn: Assignment, step: str, data: dict[str, Any], **more: Any):
    return client.post(reverse(f"turn_{step}", args=[turn.pk]), data, **more)
