"""The steps of detectors, and of the rule that an edge case becomes, for each failpoint."""

from datetime import timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.access import viewer_of_member
from reviewqueue.accounts.models import Membership
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.triage.actions import take_pending
from tests import steps
from tests.cast import NOW, Cast, item
from tests.detectors.steps import activate, found, rule, switch
from tests.edgecases.steps import REJECT, asked, opened

SOON = NOW + timedelta(seconds=5)


# --- what must be there before -------------------------------------------------------------------------------


def watched(cast: Cast) -> None:
    """Two items of a source with a detector, whose wait a worker has taken."""
    switch(cast, "abuse")
    steps.submit(cast, item("conv-0"), item("conv-1"))
    take_pending(now=NOW)


def passed_unseen(cast: Cast) -> None:
    """A held answer has passed by the rules alone, which a detector would have brought to people."""
    activate(cast, rule("Abuse", [found("abuse", "at_least", 0.5)], cast.careful, urgency="high"))
    switch(cast, "abuse")
    steps.on_duty(cast.reviewer)
    steps.hold(cast, steps.held_item(output={"content": "You idiot."}, confidence=0.99))


def ruled(cast: Cast) -> None:
    """An edge case of two items is ruled, and stands for a rule."""
    questions = [item(f"conv-{n}", risk={"level": "low", "tags": ["refund"]}) for n in range(2)]
    case = opened(cast, asked(cast, *questions))
    pipeline.rule(case=case, said=REJECT, by=cast.viewer("lead"), now=NOW)


# --- the steps -----------------------------------------------------------------------------------------------


def look() -> None:
    """Look at what is due, and later at what somebody took who ended with it."""
    pipeline.look_late(now=SOON)
    pipeline.look_late(now=SOON + timedelta(hours=1))


def draft_rule() -> None:
    lead = Membership.objects.select_related("user").get(user__email="lead@acme.localhost")
    pipeline.draft_rule(case=EdgeCase.objects.get(), by=viewer_of_member(lead), now=SOON)
