"""Schemathesis over every operation of the OpenAPI document, for every kind of caller."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema

from reviewqueue.accounts.actions import create_key
from reviewqueue.api.schema import document
from reviewqueue.audit.actions import SYSTEM
from tests.cast import NOW, Cast
from tests.house.routes import CONSTANTS, PLACES, Things

SEED = 20_261_123
SCOPES = ["items:write", "items:read", "reviews:write", "datasets:read", "datasets:write", "metrics:read", "admin"]
ROLES = ("reviewer", "lead", "ml", "auditor", "admin")
#: What a request that fits the document may be told: done, not yours, no longer, wrong as no schema can say, later.
TAKEN = ["2xx", "401", "403", "404", "409", "410", "422", "429", "503"]
_PART = re.compile(r"\{(\w+)\}")

#: U+0000 is refused everywhere, which no schema can say of each text; keys are the callers' own.
_GENERATION = {
    "deterministic": True,
    "no-shrink": True,
    "database": "none",
    "allow-x00": False,
    "with-security-parameters": False,
}

#: One bad item never spoils the others: each is answered in the 200 of its batch.
_BATCH = {"include-operation-id": "submit_items", "checks": {"negative_data_rejection": {"enabled": False}}}

load_all_checks()


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: a key (or none) with its scopes, and whether it is of this workspace."""

    name: str
    key: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with every request."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def lacks(self, case: Case) -> bool:
        """Whether the document says that this caller's key does not do for an operation."""
        return not self.scopes >= set(case.operation.definition.raw["security"][0]["key"])


def callers(cast: Cast) -> list[Caller]:
    """Return a caller of every kind: each scope alone, all of them, bound, acting as each role, elsewhere, nobody."""
    found = [_caller(cast, scope, [scope]) for scope in SCOPES]
    found += [_caller(cast, "all scopes"), _caller(cast, "bound", source_slug=cast.source.slug)]
    found += [_caller(cast, f"as {role}", user=getattr(cast, role).user) for role in ROLES]
    found.append(_caller(cast, "elsewhere", workspace=cast.stranger.workspace, user=cast.stranger.user))
    return [*found, Caller("unknown key", "rq_wrong"), Caller("nobody")]


def _caller(cast: Cast, name: str, scopes: list[str] = SCOPES, **more: Any) -> Caller:
    made = {"workspace": cast.workspace, "name": name, "scopes": scopes, "by": SYSTEM, "now": NOW, **more}
    return Caller(name, create_key(**made)[1], frozenset(scopes))


@dataclass
class Findings:
    """What was tried and what was found: fault -> how it came about, the first time."""

    requests: int = 0
    operations: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def count(self, operation: str, status: int) -> None:
        """Count one answered request."""
        self.requests += 1
        self.operations.add(operation)
        self.statuses[status] += 1

    def fault(self, where: str, said: str) -> None:
        """Note a fault."""
        self.faults.setdefault(where, said[:2_000])

    def told(self) -> str:
        """Return every fault in words."""
        return "\n\n".join(f"{where}\n{said}" for where, said in self.faults.items())


def loaded(address: str, *, examples: int, phases: tuple[str, ...] = (), key: str = "") -> BaseSchema:
    """Return the document as Schemathesis sees it."""
    known = ("examples", "coverage", "fuzzing", "stateful")
    config = {
        "seed": SEED,
        "base-url": address,
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "generation": {**_GENERATION, "max-examples": examples},
        "phases": {name: {"enabled": name in phases} for name in known},
        "checks": {"positive_data_acceptance": {"expected-statuses": TAKEN}},
        "operations": [_BATCH],
    }
    return openapi.from_dict(document(), config=SchemathesisConfig.from_dict(config))


def cases(schema: BaseSchema, things: Things, examples: int) -> Iterator[Case]:
    """Yield requests to every operation: some that fit the document, some that do not; half name what is there."""
    for found in schema.get_all_operations():
        operation, parts = found.ok(), dict(parts_of(found.ok().path, things))
        for mode in GenerationMode:
            for number, case in enumerate(_generated(operation, mode, examples)):
                if parts and number % 2 == 0 and mode == GenerationMode.POSITIVE:
                    case.path_parameters = parts
                yield case


def _generated(operation: Any, mode: GenerationMode, examples: int) -> list[Case]:
    made: list[Case] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        made.append(case)

    with suppress(Unsatisfiable) if mode == GenerationMode.NEGATIVE else nullcontext():
        collect()  # an operation that takes nothing cannot be asked wrongly
    return made


def parts_of(path: str, things: Things) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a path with the name of a thing of that workspace."""
    known, pieces = {**CONSTANTS, **things.by_place()}, _PART.split(path.removeprefix("/"))
    assert PLACES
    for literal, name in zip(pieces[0::2], pieces[1::2], strict=False):
        yield name, known[literal, name]


def ask(case: Case, caller: Caller, session: requests.Session, findings: Findings) -> None:
    """Send a request as a caller, and check the answer against the document and the caller's right."""
    response = case.call(session=session, headers=caller.headers)
    status, where = response.status_code, f"{case.operation.label}, {caller.name}"
    findings.count(case.operation.label, status)
    try:
        case.validate_response(response, headers=caller.headers, excluded_checks=[_ignored_auth()])
    except (Failure, FailureGroup) as failure:
        findings.fault(f"{where}: {type(failure).__name__}", str(failure))
    allowed = {404, 405} | ({401} if not caller.scopes else {403})
    if caller.lacks(case) and status not in allowed:
        findings.fault(f"{where}: {status} without the right", case.as_curl_command())


def _ignored_auth() -> Any:
    """Return the check that :func:`ask` does itself, for every caller."""
    from schemathesis.checks import CHECKS

    (found,) = CHECKS.get_by_names(["ignored_auth"])
    return found


def explore(schema: BaseSchema, findings: Findings, *, within: str) -> None:
    """Let Schemathesis go through its phases by itself, boundaries and chains of requests among them."""
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            _take_in(event, findings, within)
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(event, NonFatalError):
            findings.fault(f"{event.label}, {within}", str(event.value))


def _take_in(scenario: ScenarioFinished, findings: Findings, within: str) -> None:
    recorder = scenario.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            findings.count(recorder.cases[case_id].value.operation.label, interaction.response.status_code)
    for case_id, checks in recorder.checks.items():
        for check in (one for one in checks if one.failure_info is not None):
            failure, operation = check.failure_info.failure, recorder.cases[case_id].value.operation.label
            if b"U+0000 is not allowed" in recorder.interactions[case_id].response.content:
                continue  # boundary values hold it although told not to
            said = f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}"
            findings.fault(f"{operation}, {within}: {check.name}", said)
