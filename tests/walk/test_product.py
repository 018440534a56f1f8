"""How these stories start the product: one that hangs, or ends, is shown with what it said and its logs."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.walk.product import Output, wait_until_it_says


@pytest.mark.parametrize(
    ("command", "why"),
    [("echo starting; sleep 60", "was not ready within 1 s"), ("echo starting", "ended before it was ready")],
)
def test_a_start_that_fails_is_shown_with_its_logs(tmp_path: Path, command: str, why: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_text("no module named colour\n")
    arguments = ["/bin/sh", "-c", f"exec 2>&1; {command}"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        with pytest.raises(AssertionError, match=why) as failure:
            wait_until_it_says(Output(process), "runs at", tmp_path, seconds=1)
        assert "starting" in str(failure.value)
        assert "web.log:\n    no module named colour" in str(failure.value)
        end_group(process)


def end_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
