"""How the stories are shared out between test processes: the longest first, what shares a product in one of them."""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

#: Folders of real processes, crowds and browsers; last come many short stories, which even out what is left.
FIRST = ("faults", "walk", "races", "browser", "benchmarks", "deploy", "runtime", "workers", "sdk", "api")
#: Folders whose stories share one running product, which takes longer to start than most of them.
TOGETHER = ("faults", "walk")


class ByFileOrFolder(LoadFileScheduling):
    """Hands out a file at a time, or a whole folder where stories share a product; in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        return folder if folder in TOGETHER else super()._split_scope(nodeid)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileOrFolder | None:
    """Hand out in this way where files are to stay whole (``--dist loadfile``)."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return ByFileOrFolder(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the folders that take longest, in a run on several processes."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda one: _turn(_folder(one.nodeid)))


def _folder(nodeid: str) -> str:
    return PurePosixPath(nodeid.partition("::")[0]).parent.name


def _turn(folder: str) -> int:
    return FIRST.index(folder) if folder in FIRST else len(FIRST)
