"""The benchmarks as people run them, at a tiny scale: every line is there, whole, on standard output alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.running import Run, line

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "intake.single": 2,
    "intake.batch": 1,
    "triage": 1,
    "triage.latency": 1,
    "triage.poison": 1,
    "claim": 6,
    "claim.http": 2,
    "submit": 2,
    "release.jsonl": 1,
    "feed": 1,
    "gate.answer": 1,
    "gate.passed": 1,
    "webhook": 1,
    "replay": 1,
    "day": 1,
}
ALWAYS = {"name", "value", "unit", "floor", "floor_is", "ratio", "n"}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmarks on servers of their own."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env={**os.environ, "SCALE": "0.001", "RUNS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_benchmark_prints_its_lines_beside_a_floor() -> None:
    prints(bench("--only", "triage.poison"), {"triage.poison": 1})


@pytest.mark.long
def test_every_benchmark_prints_its_lines_beside_a_floor() -> None:
    prints(bench(), EXPECTED)


def prints(done: subprocess.CompletedProcess[str], expected: dict[str, int]) -> None:
    assert done.returncode == 0, done.stderr
    lines = [json.loads(text) for text in done.stdout.splitlines()]
    names = [one["name"] for one in lines]
    assert {name: names.count(name) for name in names} == expected
    for one in lines:
        assert one.keys() >= ALWAYS
        assert one["value"] > 0 or one["name"] == "day", "the share of promises missed may be none"
        assert one["floor"] > 0 or one["name"] == "day"


def test_a_name_that_fits_none_is_refused_before_anything_starts() -> None:
    done = bench("--only", "no-such")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no benchmark no-such" in done.stderr
    assert "Starting" not in done.stderr


def test_a_line_takes_medians_and_the_percentiles_of_all_calls() -> None:
    ours = [Run(rate=rate, seconds=[0.001, 0.002, 0.003]) for rate in (100.0, 300.0, 200.0)]
    floors = [Run(rate=rate) for rate in (400.0, 500.0, 9000.0)]
    printed = line("claim", unit="claims/s", floor_is="f", runs=(ours, floors), n=3, clients=1)
    assert (printed["value"], printed["floor"], printed["ratio"]) == (200.0, 500.0, 0.4)
    assert (printed["p50_ms"], printed["clients"]) == (2.0, 1)
    assert printed["p95_ms"] == pytest.approx(3.0)
    assert "floor_p50_ms" not in printed
