"""One condition tree: checked, asked of an item's facts, compiled to SQL over recorded facts, and said in words.

A tree is JSON: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": tree}`` or a leaf
``{"field", "op", "value", "name"?}``. A plain list is the older form of ``{"all": list}`` and stays valid.
"""

from .checking import faults
from .holding import Condition, condition, fact, holds
from .sql import Columns, condition_sql
from .tree import FIELDS, Facts, Leaf, Tree, as_tree, asks, known_first, leaves
from .words import own_words, sentence

__all__ = [
    "FIELDS",
    "Columns",
    "Condition",
    "Facts",
    "Leaf",
    "Tree",
    "as_tree",
    "asks",
    "condition",
    "condition_sql",
    "fact",
    "faults",
    "holds",
    "known_first",
    "leaves",
    "own_words",
    "sentence",
]
