"""What a replay found, as sums: filled page by page, scaled when only a sample was looked at, kept as JSON."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .plan import Place, Plan

EXAMPLES, EXAMPLES_A_KIND = 20, 3


@dataclass(slots=True)
class Found:
    """Both policies over the same items; numbers of reviews are expected ones, for a sample is drawn by chance."""

    before: Plan
    after: Plan
    items: int = 0
    changed: int = 0
    queues: dict[UUID, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    hours: list[list[float]] = field(default_factory=lambda: [[0.0, 0.0] for _hour in range(24)])
    rules: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    examples: list[tuple[str, Place, Place]] = field(default_factory=list)
    _kinds: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, old: Place, new: Place, hour: int, count: int, example: str | None) -> None:
        """Count items of one hour of the day that have the same place in both policies."""
        self.items += count
        self.rules[new[0]] += count
        for side, fate in enumerate((self.before.fate(old), self.after.fate(new))):
            self.queues[fate.queue_id][side] += count * fate.probability
            self.hours[hour][side] += count * fate.probability
        if self.before.kind(old) != self.after.kind(new):
            self.changed += count
            self._show(old, new, example)

    def _show(self, old: Place, new: Place, example: str | None) -> None:
        kind = old[0], new[0]
        if example and self._kinds[kind] < EXAMPLES_A_KIND and len(self.examples) < EXAMPLES:
            self._kinds[kind] += 1
            self.examples.append((example, old, new))

    def told(self, *, handling: Mapping[UUID, float], scale: float = 1.0) -> dict[str, Any]:
        """Return the findings as JSON. ``handling`` is each queue's median of seconds that one review takes."""
        return {
            "items": round(self.items * scale),
            "changed": round(self.changed * scale),
            "queues": {
                str(queue_id): {
                    "before": round(before * scale, 2),
                    "after": round(after * scale, 2),
                    "seconds": handling.get(queue_id),
                }
                for queue_id, (before, after) in self.queues.items()
            },
            "hours": [[round(one * scale, 2) for one in both] for both in self.hours],
            "rules": {str(rule): round(count * scale) for rule, count in self.rules.items()},
            "examples": [
                {"item": item, "before": self._words_for(self.before, old), "after": self._words_for(self.after, new)}
                for item, old, new in self.examples
            ],
        }

    def _words_for(self, plan: Plan, place: Place) -> dict[str, Any]:
        fate = plan.fate(place)
        return {"rule": place[0], "queue": str(fate.queue_id), "probability": fate.probability}
