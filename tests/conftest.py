"""What every test may use: the cast, the clock, and a database that is emptied although tables refuse it."""

import pytest

from tests.cast import Cast, make_cast


@pytest.fixture(autouse=True, scope="session")
def _flush_past_triggers() -> None:
    """Empty the tables between transactional tests as superuser: append-only tables refuse TRUNCATE to the product."""
    from tests.flushing import flush_as_superuser

    flush_as_superuser()


@pytest.fixture(autouse=True, scope="session")
def _static_folder() -> None:
    """Have a folder for collected static files, as every start has."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast in an empty database; use with ``transactional_db`` for tests with several connections."""
    return make_cast()
