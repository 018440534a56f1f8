"""A whole running product whose parts are killed, and a database that one-step programs die in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Cast, make_cast
from tests.faults.patient import Patient, living

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The fixed cast, committed, so that another process sees it."""
    return make_cast()


def _shared(fixture_name: str, config: pytest.Config) -> str:
    """Long stories leave a hundred thousand items behind: there each file has a product of its own."""
    return "module" if os.environ.get("FAULTS") else "package"


@pytest.fixture(scope=_shared)
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A whole product that its own start supervises; leases are short, so that no story waits for them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TRIAGE_LEASE_SECONDS", "5")
        data_dir = tmp_path_factory.mktemp("faults")
        yield from living(data_dir)
