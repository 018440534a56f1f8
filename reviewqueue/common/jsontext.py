"""A JSON column that keeps what was written as it was written: the order of the fields, and each number's digits."""

import json
from typing import Any

from django.db import models


class WrittenJSONField(models.JSONField):
    """JSON in a column of type ``json``: ``jsonb`` would sort the fields of an object. Not for filtering."""

    def db_type(self, connection: Any) -> str:
        """Return the column's type."""
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the value; the driver has read ``json`` already."""
        return json.loads(value) if isinstance(value, str) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Return the text that is stored."""
        return None if value is None else json.dumps(value, ensure_ascii=False)
