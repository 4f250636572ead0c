"""The harness of `make bench` and `make chaos`, and that each of its figures still runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.figures import Figure, at_least, at_most, line, measurements

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


def test_a_figure_is_ok_up_to_its_bound_and_short_beyond() -> None:
    """The bound itself is still kept."""
    assert at_most("a", 1.0, 1.0, "s").ok
    assert not at_most("a", 1.001, 1.0, "s").ok
    assert at_least("b", 5, 5, "x").ok
    assert not at_least("b", 4.999, 5, "x").ok


def test_a_line_tells_name_measured_bound_and_verdict() -> None:
    """One line for one figure, readable without a legend."""
    assert line(Figure("c", 1234.6, ">= 2,000 /s", "/s", ok=False)).split() == [
        "c", "1,235", "/s", ">=", "2,000", "/s", "short",
    ]  # fmt: skip
