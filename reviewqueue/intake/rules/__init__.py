"""What a submission must look like, kind by kind: pure decisions over one JSON document."""

from .declaration import MAX_LABELS, check_declaration
from .declared import check_declared, output_faults
from .faults import Faults
from .fields import MAX_ATTRIBUTES
from .kinds.parts import ROLES
from .schemas import Effort
from .submission import MAX_CONTENT_BYTES, Submission, submission

__all__ = [
    "MAX_ATTRIBUTES",
    "MAX_CONTENT_BYTES",
    "MAX_LABELS",
    "ROLES",
    "Effort",
    "Faults",
    "Submission",
    "check_declaration",
    "check_declared",
    "output_faults",
    "submission",
]
