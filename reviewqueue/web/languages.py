"""The languages in which a workspace's people are told something, and what reasons are called in the reader's."""

from collections.abc import Collection
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import languages_of
from reviewqueue.queues.queries import reason_codes


def spoken(workspace_id: UUID) -> list[tuple[str, str]]:
    """Return (code, name) of the languages that its people and teams use, as far as the product speaks them."""
    names = dict(settings.LANGUAGES)
    return [(code, names[code]) for code in languages_of(workspace_id) if code in names]


def other_languages(workspace_id: UUID, written: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the languages in which something can be said beside the one that most people use.

    ``written``: in which it is said already; those are among them, whatever most people use.
    """
    every = spoken(workspace_id)
    return [one for n, one in enumerate(every) if n or one[0] in written]


def offered(viewer: Viewer) -> list[dict[str, str]]:
    """Return the reasons to choose from, as {slug, label}, in the order of their keys."""
    language = get_language() or ""
    return [{"slug": one.slug, "label": one.words(language)} for one in reason_codes(viewer)]
