"""Words of which one is chosen, each with a name of its own: generated clients make a type of each."""

from reviewqueue.datasets.models import Dataset
from reviewqueue.intake.models import Gate, Kind, Risk, State
from reviewqueue.intake.rules import ROLES
from reviewqueue.queues.models import Stop
from reviewqueue.review.models import Basis, Cause, Decision, Outcome, Severity
from reviewqueue.triage.models import Signal, TriageDecision

from .words import Shape, choice

CHOICES: dict[str, Shape] = {
    "Kind": choice(Kind.values),
    "Role": choice(sorted(ROLES)),
    "RiskLevel": choice(Risk.values),
    "State": choice(State.values),
    "SignalKind": choice(Signal.Kind.values),
    "TriageResult": choice(TriageDecision.Result.values),
    "OnTimeout": choice(Gate.OnTimeout.values),
    "GateEnd": choice(Gate.Closed.values),
    "Decision": choice(Decision.values),
    "Severity": choice(Severity.values),
    "Cause": choice(Cause.values),
    "Basis": choice(Basis.values),
    "Disposition": choice(Outcome.Disposition.values),
    "StopReason": choice(Stop.Why.values),
    "FollowUpState": choice(["open", "done"]),
    "DatasetFormat": choice(Dataset.Format.values),
    "ReleaseState": choice(["building", "ready", "failed"]),
}
