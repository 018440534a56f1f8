"""JSON Schemas that sources declare: whether they may be declared, and whether a value fits."""

from collections import OrderedDict
from typing import Any
from uuid import UUID

from .declaring import check_schema
from .effort import Effort
from .validating import check, validator_of

__all__ = ["Effort", "check", "check_schema", "remembered_validator", "validator_of"]

# A declaration never changes, so each process keeps the validators that it used last.
MOST_KEPT = 500
_kept: OrderedDict[tuple[UUID, str], Any] = OrderedDict()


def remembered_validator(declaration_id: UUID, tool: str, schema: dict[str, Any]) -> Any:
    """Return the validator of a declaration's schema; ``tool`` is empty for the schema of an extraction."""
    key = declaration_id, tool
    known = _kept.get(key)
    if known is None:
        known = _kept[key] = validator_of(schema)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return known
