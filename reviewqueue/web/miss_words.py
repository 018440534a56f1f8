"""Why a promise was not kept, in words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewqueue.triage.models import Miss

from .templatetags.look import span


def miss_words(why: str) -> str:
    """Return the reason in a few words."""
    return {
        Miss.Why.CAME_LATE: _("came here when it was due already"),
        Miss.Why.NO_PEOPLE: _("nobody worked in the queue"),
        Miss.Why.WAITING: _("waited behind other items"),
        Miss.Why.IN_HAND: _("was in somebody's hands"),
        Miss.Why.RETURNED: _("was given back again and again"),
        Miss.Why.HELD: _("was put aside"),
        Miss.Why.ESCALATED: _("waited for a lead"),
        Miss.Why.STOPPED: _("was stopped"),
    }[Miss.Why(why)]


def facts_words(facts: Mapping[str, Any]) -> str:
    """Return what a reason was found by: working time by what went on in it, and how often it was given back."""
    names = {
        "waiting": _("%(time)s waiting"),
        "in_hand": _("%(time)s in hand"),
        "held": _("%(time)s put aside"),
        "escalated": _("%(time)s with the leads"),
        "stopped": _("%(time)s stopped"),
    }
    minutes = facts.get("minutes", {})
    told = [
        words % {"time": span(timedelta(minutes=minutes[name]))} for name, words in names.items() if name in minutes
    ]
    if returned := facts.get("returned", 0):
        told.append(ngettext("given back once", "given back %(n)s times", returned) % {"n": returned})
    if done := facts.get("done", 0):
        words = ngettext("one other item was done meanwhile", "%(n)s other items were done meanwhile", done)
        told.append(words % {"n": "1000+" if done >= 1000 else done})
    return ", ".join(told)
