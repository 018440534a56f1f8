"""Races need rows that other connections can see, so every story here commits."""

from pathlib import Path

import pytest

from tests.cast import Cast, make_cast

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.races)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The fixed cast, committed."""
    return make_cast()
