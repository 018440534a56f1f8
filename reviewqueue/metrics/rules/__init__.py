"""The arithmetic behind the board: plain functions of what was counted, no database, no clock."""

from .crew import Crew, pace_of
from .day import Day, day_of, due_step, expected_hours
from .forecast import Cohort, Forecast, forecast, together
from .levers import (
    BoardNow,
    Change,
    Halted,
    Prediction,
    QueueNow,
    arriving,
    both,
    cohorts_of,
    people_needed,
    predict,
)
from .passing import Passing, Seen, kept_shares, pass_rule, proposals, rules_with

__all__ = [
    "BoardNow",
    "Change",
    "Cohort",
    "Crew",
    "Day",
    "Forecast",
    "Halted",
    "Passing",
    "Prediction",
    "QueueNow",
    "Seen",
    "arriving",
    "both",
    "cohorts_of",
    "day_of",
    "due_step",
    "expected_hours",
    "forecast",
    "kept_shares",
    "pace_of",
    "pass_rule",
    "people_needed",
    "predict",
    "proposals",
    "rules_with",
    "together",
]
