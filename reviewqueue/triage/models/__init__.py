"""Which items people must see, in which queue, how urgent, and how likely it was that a person would see them."""

from .findings import DetectorSetting, Finding, LateLook, Sketch
from .items import Pending, QueueEntry, Signal, SignalContent, TriageDecision
from .misses import Miss, MissMark
from .overload import (
    LEAST_RATE,
    OverloadCall,
    OverloadMail,
    OverloadPlan,
    OverloadRun,
    OverloadStratum,
)
from .policies import Replay, RoutingPolicy, RoutingRule, SamplingRate

__all__ = [
    "LEAST_RATE",
    "DetectorSetting",
    "Finding",
    "LateLook",
    "Miss",
    "MissMark",
    "OverloadCall",
    "OverloadMail",
    "OverloadPlan",
    "OverloadRun",
    "OverloadStratum",
    "Pending",
    "QueueEntry",
    "Replay",
    "RoutingPolicy",
    "RoutingRule",
    "SamplingRate",
    "Signal",
    "SignalContent",
    "Sketch",
    "TriageDecision",
]
