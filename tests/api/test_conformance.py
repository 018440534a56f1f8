"""Whatever is asked, by whomever, the answer is one that the OpenAPI document promises (I-6)."""

from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from reviewqueue.api.schema import document
from tests.api.conforming import SCOPES, Caller, Findings, ask, callers, cases, explore, loaded
from tests.api.serving import Site, serving
from tests.cast import Cast, make_cast
from tests.house.routes import Things
from tests.races.crowd import SCALE

OPERATIONS = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}


@pytest.fixture
def crew(transactional_db: None) -> Cast:
    """The cast, where a server of its own sees it."""
    return make_cast()


@pytest.fixture
def things(crew: Cast) -> Things:
    """One of everything in the cast's workspace."""
    return Things(crew, "ours")


@pytest.fixture
def site(things: Things) -> Iterator[Site]:
    """A running server on that database."""
    with serving() as site:
        yield site


def everybody_asks(crew: Cast, things: Things, site: Site, examples: int, refused: int) -> Findings:
    """Send the same requests to every operation for every caller: half fit the document, half do not.

    ``refused`` is how many of each operation are sent for a caller whom the document refuses.
    """
    findings = Findings()
    asked = list(cases(loaded(site.root, examples=examples), things, examples))
    with requests.Session() as session:
        for caller in callers(crew):
            sent: Counter[str] = Counter()
            for case in asked:
                sent[case.operation.label] += 1
                if not caller.lacks(case) or sent[case.operation.label] <= refused:
                    ask(case, caller, session, findings)
    return findings


def test_every_operation_answers_every_kind_of_caller_as_the_document_says(
    crew: Cast, things: Things, site: Site
) -> None:
    findings = everybody_asks(crew, things, site, examples=2, refused=1)
    assert not findings.faults, findings.told()
    assert findings.operations == OPERATIONS
    assert {200, 201, 400, 401, 403, 404, 409, 422} <= findings.statuses.keys()


def test_a_caller_that_may_more_than_the_document_says_is_found(crew: Cast, things: Things, site: Site) -> None:
    """The tooth of the test above: a key with every scope, of which the document is told that it has none."""
    powerful = next(caller for caller in callers(crew) if caller.name == "as admin")
    disguised, findings = Caller("disguised", powerful.key), Findings()
    with requests.Session() as session:
        for case in cases(loaded(site.root, examples=1), things, 1):
            ask(case, disguised, session, findings)
    assert any("200 without the right" in fault for fault in findings.faults)


@pytest.mark.long
def test_so_it_does_over_many_requests(crew: Cast, things: Things, site: Site) -> None:
    findings = everybody_asks(crew, things, site, examples=max(2, round(25 * SCALE)), refused=6)
    assert not findings.faults, findings.told()
    assert findings.operations == OPERATIONS


@pytest.mark.long
@pytest.mark.parametrize("name", ["as admin", "as reviewer", "all scopes", "bound", "elsewhere"])
def test_so_it_does_at_every_boundary_and_along_chains_of_requests(
    crew: Cast, things: Things, site: Site, name: str
) -> None:
    caller = next(caller for caller in callers(crew) if caller.name == name)
    assert caller.scopes == frozenset(SCOPES)
    findings, examples = Findings(), max(2, round(20 * SCALE))
    phases = ("examples", "coverage", "stateful")
    explore(loaded(site.root, examples=examples, phases=phases, key=caller.key), findings, within=name)
    assert not findings.faults, findings.told()
    assert findings.operations == OPERATIONS
