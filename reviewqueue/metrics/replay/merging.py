"""Two policies asked at once: a draft has most rules in common with the policy in force, each asked once a row.

The rules of both stand in one list that keeps the order of either. The first of it that holds is, when both have it,
what takes the row in both; only for rows that meet a rule of one side first is the other side asked by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import orjson

from reviewqueue.triage.conditions import Columns, Tree, condition_sql

from .plan import Plan, first_that_holds


@dataclass(frozen=True, slots=True)
class Merged:
    """The one list: each condition tree with the number of its rule on either side, 0 where a side has none."""

    before: Plan
    after: Plan
    trees: Sequence[Tree]
    numbers: Sequence[tuple[int, int]]

    @classmethod
    def of(cls, before: Plan, after: Plan) -> "Merged":
        """Merge the rules of two policies; those with the same conditions in the same order are one."""
        old, new = ([orjson.dumps(rule.tree) for rule in plan.rules] for plan in (before, after))
        trees: list[Tree] = []
        numbers: list[tuple[int, int]] = []
        for step, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if step == "equal":
                numbers += [(a + n + 1, c + n + 1) for n in range(b - a)]
                trees += [rule.tree for rule in before.rules[a:b]]
            else:
                numbers += [(n + 1, 0) for n in range(a, b)] + [(0, n + 1) for n in range(c, d)]
                trees += [rule.tree for rule in (*before.rules[a:b], *after.rules[c:d])]
        return cls(before, after, trees, numbers)

    def first_sql(self, columns: Columns) -> str:
        """Return the place in the list of the first that holds."""
        return first_that_holds([condition_sql(tree, columns) for tree in self.trees])

    def taker_sql(self, columns: Columns) -> tuple[str, str]:
        """Return the number of the rule on either side, from the column ``first`` where that says it."""
        return self._side(0, self.before, columns), self._side(1, self.after, columns)

    def _side(self, side: int, plan: Plan, columns: Columns) -> str:
        listed = [0, *(pair[side] for pair in self.numbers)]
        other = [str(n) for n, number in enumerate(listed) if n and not number]
        known = f"(ARRAY[{','.join(map(str, listed))}])[first + 1]"
        if not other:
            return known
        return f"CASE WHEN first IN ({','.join(other)}) THEN {plan.taker_sql(columns)} ELSE {known} END"
