"""Places where a fault test can end, hang or fill the process; they do nothing in a process not started for that.

``REVIEWQUEUE_FAILPOINTS="review.submitted=kill,triage.decide@conv-13=loop"`` arms them: ``name=action`` or
``name@key=action``, where action is kill, error, loop, recurse or memory.
"""

import os
import signal


def _armed() -> dict[str, str]:
    listed = os.environ.get("REVIEWQUEUE_FAILPOINTS", "")
    return dict(part.split("=", 1) for part in listed.split(",") if "=" in part)


_ARMED = _armed()


def failpoint(name: str, key: str = "") -> None:
    """Mark a commit boundary or a dangerous step by name."""
    if _ARMED:
        action = _ARMED.get(f"{name}@{key}") or _ARMED.get(name)
        if action:
            _ACTIONS[action]()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _error() -> None:
    raise RuntimeError("failpoint")


def _loop() -> None:
    while True:
        pass


def _recurse() -> None:
    _recurse()


def _memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


_ACTIONS = {"kill": _kill, "error": _error, "loop": _loop, "recurse": _recurse, "memory": _memory}
