"""Detectors look at items, outside transactions and never for longer than they may; what did not run says why.

What they find is a signal for the rules. That nothing was found by a detector that failed, was slow or was left out
is never known: it holds no rule that lets an item pass (`RoutingRule.tree`).
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import OperationalError

from reviewqueue import detectors
from reviewqueue.accounts.models import Workspace
from reviewqueue.common.deadline import TooSlow, at_most
from reviewqueue.common.failpoints import failpoint
from reviewqueue.detectors import NEAR_DUPLICATE, Detector, Found, Given, Likeness
from reviewqueue.intake.queries import Sent, sent_bodies
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import TriageDecision
from reviewqueue.triage.queries import LEAST_ALIKE, detectors_for, nearest_open

log = logging.getLogger(__name__)

#: A detector that was too slow is left out for so many seconds, so that what is slow always slows nothing for long.
REST_SECONDS = 10.0
#: Loading a model takes time once, and no longer than this.
READY_SECONDS = 5.0
SAMPLE = "Thank you for your order. It will be with you on Friday."
#: Items more alike than this are one to those that come later: the first stands for all.
SAME = 0.9
FAILED, SLOW, TRIED_BEFORE = ({"not_run": why} for why in ("failed", "slow", "tried_before"))

Facts = dict[str, Any]
_resting: dict[str, float] = {}
_ready: set[str] = set()


@dataclass(slots=True)
class Detected:
    """What was found in each item, by detector, and what the items are like where that was asked for."""

    findings: dict[UUID, dict[str, Facts]] = field(default_factory=dict)
    sketches: dict[UUID, Likeness] = field(default_factory=dict)

    def add(self, detector: str, facts: Mapping[UUID, Facts]) -> None:
        """Keep what one detector found."""
        for item_id, one in facts.items():
            self.findings.setdefault(item_id, {})[detector] = one


def detect_taken(taken: Sequence[triage.Taken]) -> Detected:
    """Let detectors look at items that are taken for triage.

    One that was tried before goes without: whatever ended its first triage is not asked again.
    """
    return detect_fresh({one.item_id: one.attempts for one in taken}, most=1)


def detect_fresh(attempts: Mapping[UUID, int], *, most: int) -> Detected:
    """Let detectors look at items that were not tried more often than ``most``; of the others that is noted."""
    found = detect([item_id for item_id, tried in attempts.items() if tried <= most])
    for detector, sent in _asked_for([item_id for item_id, tried in attempts.items() if tried > most]).items():
        found.add(detector, dict.fromkeys(sent, TRIED_BEFORE))
    return found


def detect(item_ids: Iterable[UUID]) -> Detected:
    """Let the detectors that are on for their sources look at items; what happens to one is no fault of others."""
    detected = Detected()
    given: dict[UUID, Given] = {}
    for detector, sent in _asked_for(item_ids).items():
        looks = detectors.looking().get(detector)
        given |= {item_id: _given(one) for item_id, one in sent.items() if item_id not in given}
        if looks:
            detectors.prepare(detector)
            detected.add(detector, _within_time(detector, looks, {item_id: given[item_id] for item_id in sent}))
        elif detector == NEAR_DUPLICATE:
            _near_duplicates(sent, given, detected)
        else:  # a package brought it when somebody switched it on
            detected.add(detector, dict.fromkeys(sent, FAILED))
    return detected


def _asked_for(item_ids: Iterable[UUID]) -> dict[str, dict[UUID, Sent]]:
    """Return what each detector has to look at."""
    wanted = list(item_ids)
    on = detectors_for(wanted) if wanted else {}
    asked: dict[str, dict[UUID, Sent]] = {}
    for item_id, one in (sent_bodies(wanted, sources=on) if on else {}).items():
        for detector in on[one.source_id]:
            asked.setdefault(detector, {})[item_id] = one
    return asked


def _given(sent: Sent) -> Given:
    return detectors.given_in(orjson.loads(sent.body))


def _within_time(detector: str, looks: Detector, given: Mapping[UUID, Given]) -> dict[UUID, Facts]:
    """Return what a detector finds in the time that it has; items that it did not come to are not run."""
    facts: dict[UUID, Facts] = {}
    if not _rests(detector):
        _make_ready(detector, looks)
        with _left_when_slow(detector, _seconds()):
            _look(detector, looks, given, facts)
    return {item_id: facts.get(item_id, SLOW) for item_id in given}


@contextmanager
def _left_when_slow(detector: str, seconds: float) -> Iterator[None]:
    """Go on after what takes longer, and let the detector rest."""
    limit = None
    try:
        with at_most(seconds) as limit:
            yield
    except TooSlow as slow:
        if slow.limit is not limit:
            raise
        _rest(detector)


def _rest(detector: str) -> None:
    log.warning("a detector is too slow", extra={"detector": detector})
    _resting[detector] = time.monotonic() + REST_SECONDS


def _rests(detector: str) -> bool:
    return _resting.get(detector, 0.0) > time.monotonic()


def _make_ready(detector: str, looks: Detector) -> None:
    """Let a detector load what it needs, once a process and apart from the time that it has for items."""
    if detector in _ready:
        return
    _ready.add(detector)
    try:
        with _left_when_slow(detector, READY_SECONDS):
            looks(Given(answer=SAMPLE, asked=SAMPLE, context=SAMPLE, documents=(SAMPLE,)))
    except TooSlow:
        raise
    except Exception:
        log.exception("a detector is not ready", extra={"detector": detector})


def _look(detector: str, looks: Detector, given: Mapping[UUID, Given], facts: dict[UUID, Facts]) -> None:
    ends = time.monotonic() + _seconds()
    for item_id, one in given.items():
        if time.monotonic() > ends:
            return
        try:
            failpoint("detector.look", detector)
            facts[item_id] = looks(one).as_fact()
        except TooSlow:
            raise
        except Exception:
            log.exception("a detector failed", extra={"detector": detector, "item": str(item_id)})
            facts[item_id] = FAILED


def _seconds() -> float:
    return settings.DETECTOR_MILLISECONDS / 1000


# --- near-duplicates ------------------------------------------------------------------------------------------------


def _near_duplicates(sent: Mapping[UUID, Sent], given: Mapping[UUID, Given], detected: Detected) -> None:
    """Tell which items are nearly the same as an open one, or as one before them here."""
    for workspace_id in {one.workspace_id for one in sent.values()}:
        theirs = [item_id for item_id, one in sent.items() if one.workspace_id == workspace_id]
        facts: dict[UUID, Facts] = {}
        if not _rests(NEAR_DUPLICATE):
            facts = _compared(workspace_id, {item_id: given[item_id] for item_id in theirs}, detected.sketches)
        detected.add(NEAR_DUPLICATE, {item_id: facts.get(item_id, SLOW) for item_id in theirs})


def _compared(workspace_id: UUID, given: Mapping[UUID, Given], sketches: dict[UUID, Likeness]) -> dict[UUID, Facts]:
    key = bytes(Workspace.objects.values_list("secret", flat=True).get(pk=workspace_id))
    made: dict[UUID, Likeness] | None = None
    try:
        with _left_when_slow(NEAR_DUPLICATE, _seconds()):
            made = _sketched(given, key)
        if made is None:
            return {}
        near = nearest_open(workspace_id=workspace_id, sketches=made, milliseconds=settings.DETECTOR_MILLISECONDS)
    except TooSlow:
        raise
    except OperationalError:
        _rest(NEAR_DUPLICATE)
        return {}
    except Exception:
        log.exception("a detector failed", extra={"detector": NEAR_DUPLICATE})
        return dict.fromkeys(given, FAILED)
    return {item_id: _likest(item_id, made.get(item_id), near.get(item_id), sketches) for item_id in given}


def _sketched(given: Mapping[UUID, Given], key: bytes) -> dict[UUID, Likeness]:
    failpoint("detector.look", NEAR_DUPLICATE)
    made = {item_id: detectors.likeness(f"{one.asked}\n{one.answer}", key=key) for item_id, one in given.items()}
    return {item_id: one for item_id, one in made.items() if one}


def _likest(
    item_id: UUID, own: Likeness | None, near: tuple[UUID, float] | None, sketches: dict[UUID, Likeness]
) -> Facts:
    """Return how alike the nearest item is and which it is; what is like no other is kept for those that come."""
    if own is None:
        return Found().as_fact()
    here = max(((detectors.alike(own.signature, one.signature), pk) for pk, one in sketches.items()), default=None)
    share, other = max([(near[1], near[0])] if near else [], default=(0.0, None))
    if here and here[0] > share:
        share, other = here
    if share < SAME:
        sketches[item_id] = own
    if share < LEAST_ALIKE or other is None:
        return Found().as_fact()
    return {**Found(share, ("same",) if share >= SAME else ()).as_fact(), "of": str(other)}


def keep_likeness(decisions: Sequence[TriageDecision], detected: Detected) -> None:
    """Keep what items are like that people are to see, for those that come while they are open."""
    placed = {one.item_id: one.workspace_id for one in decisions if one.result == TriageDecision.Result.REVIEW}
    kept = {item_id: one for item_id, one in detected.sketches.items() if item_id in placed}
    for workspace_id in set(map(placed.__getitem__, kept)):
        theirs = {item_id: one for item_id, one in kept.items() if placed[item_id] == workspace_id}
        triage.keep_sketches(workspace_id=workspace_id, sketches=theirs)
