"""The harness of `make bench` and `make chaos`."""

from __future__ import annotations

from tests.figures import Figure, at_least, at_most, line


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
