"""The board's three levers: what each proposes, and what the day would be with it. Pulling them is pulling.py."""

from .desk import Desk, Lever
from .owner import Owning
from .people import Joining
from .rule import NewRule
from .showing import PROPOSALS, all_three, at_once, combined, facts_of, proposed, shown

__all__ = [
    "PROPOSALS",
    "Desk",
    "Joining",
    "Lever",
    "NewRule",
    "Owning",
    "all_three",
    "at_once",
    "combined",
    "facts_of",
    "proposed",
    "shown",
]
