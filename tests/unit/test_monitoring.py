"""Dashboard and alert rules are whole; that what they name exists, a running bot shows
(`tests/scenario/test_processes.py`).
"""

from __future__ import annotations

import json

import pytest
import yaml
from promql_parser import parse

from tests.monitoring import ALERTS, DASHBOARD, asked_for, expressions


def test_every_alert_says_what_to_do() -> None:
    """Whoever is woken up reads it first."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(names) == len(set(names)) >= 10
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "action"}


def test_every_panel_has_a_place_of_its_own() -> None:
    """On a grid that is 24 wide; none covers another."""
    board = json.loads(DASHBOARD.read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not taken & cells, panel["title"]
        taken |= cells
        assert panel["targets"], panel["title"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_expression_is_promql_over_metrics_of_ours() -> None:
    """What does not parse alerts of nothing; nor does one that asks for no metric at all."""
    asked = [(name, expression) for name, _, expression in asked_for()]
    assert {expression for _, expression in asked} == set(expressions())
    assert all(name.startswith("o365bot_") or name == "up" for name, _ in asked)


@pytest.mark.parametrize(
    "slip", ["sum by (org) (rate(o365bot_apps[5m])", "rate(o365bot_apps)", "o365bot_apps{org=a}"]
)
def test_a_slip_in_an_expression_is_noticed(slip: str) -> None:
    """A bracket, a range and quotes that are missing."""
    with pytest.raises(ValueError, match=r".+"):
        parse(slip)
