"""A policy tried on what has come already: what would go where, how much work that is, which errors it would meet.

`counting` decides millions of items by one SQL statement a page, compiled from the condition trees of both policies;
`sampling` decides a random sample by the predicate, for what the recorded facts do not say (text); `found` is the
arithmetic over what either counted.
"""

from .counting import PAGE, Asked, counted
from .errors import errors_met
from .found import Found
from .sampling import SAMPLE, sampled

__all__ = ["PAGE", "SAMPLE", "Asked", "Found", "counted", "errors_met", "sampled"]
