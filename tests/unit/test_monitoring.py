"""Dashboard and alert rules are whole; that what they name exists, a running bot shows
(`tests/scenario/test_processes.py`).
"""

from __future__ import annotations

import json

import yaml

from tests.monitoring import ALERTS, DASHBOARD, expressions


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


def test_brackets_match_in_every_expression() -> None:
    """What does not parse alerts of nothing."""
    for expression in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression
