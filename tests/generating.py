"""A Python client made of the OpenAPI document by openapi-python-client, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.programs import ROOT


def generate(folder: Path, *where: str) -> None:
    """Generate a client from ``--url …`` or ``--path …``; a warning is a fault of the document."""
    command = [sys.executable, "-m", "openapi_python_client", "generate", *where, "--meta", "none"]
    command += ["--config", str(ROOT / "docs" / "openapi-python-client.yml"), "--fail-on-warning"]
    command += ["--output-path", str(folder)]
    with_ruff = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=with_ruff, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "warning" not in said.lower(), said
