"""One running product for all stories of the walk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.walk.product import Product, running_product


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product with workspace ``acme``: PostgreSQL, Valkey, web, worker, sweeper."""
    data_dir: Path = tmp_path_factory.mktemp("walk")
    with running_product(data_dir) as running:
        yield running
