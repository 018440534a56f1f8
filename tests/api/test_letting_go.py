"""What a request needed is freed with its answer: a large body does not wait for the collector of cycles."""

import gc
from typing import Any

import pytest
from rest_framework.request import Request

from tests.api.conftest import Api
from tests.cast import item


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("items", item(), 201), ("items/batch", {"items": [{}]}, 200), ("items/batch", b'{"items": [[[', 400)],
)
def test_a_request_is_gone_when_it_is_answered(api: Api, path: str, body: Any, status: int) -> None:
    api.post(path, item("warm"))
    gc.collect()
    gc.disable()
    try:
        before = requests_held()
        assert api.post(path, body).status_code == status
        assert requests_held() == before
    finally:
        gc.enable()


def requests_held() -> int:
    """Return how many requests something still holds."""
    return sum(type(one) is Request for one in gc.get_objects())
