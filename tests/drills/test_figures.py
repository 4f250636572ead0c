"""Each figure of `make bench` and `make chaos` still runs, at its tiny size."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.figures import measurements

ALL = [
    pytest.param(package, name, id=f"{package}-{name}")
    for package in ("tests.bench", "tests.chaos")
    for name in measurements(package)
]


@pytest.mark.parametrize(("package", "name"), ALL)
def test_each_figure_still_runs_on_a_tiny_size(package: str, name: str) -> None:
    """Whether it is fast enough is for `make bench`; here it only has to come to its end."""
    run = subprocess.run(
        [sys.executable, "-m", package, "--only", name, "--tiny"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = run.stdout.splitlines()
    assert lines, run.stderr
    assert all(text.endswith((" ok", " short")) for text in lines), run.stderr
    assert run.returncode == (1 if any(text.endswith("short") for text in lines) else 0)
