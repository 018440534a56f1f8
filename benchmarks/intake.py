from collections.abc import Iterator


def single() -> Iterator[dict]:
    yield from ()


def batch() -> Iterator[dict]:
    yield from ()
