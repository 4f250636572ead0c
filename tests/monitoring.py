"""What the dashboard and the alert rules ask Prometheus for, and what a bot exposes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, Expr, VectorSelector, parse, walk

DOCS = Path(__file__).parents[1] / "docs"
ALERTS = DOCS / "monitoring" / "alerts.yml"
DASHBOARD = DOCS / "monitoring" / "grafana.json"


def expressions() -> Iterator[str]:
    """Every PromQL expression of both."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def asked_for() -> Iterator[tuple[str, dict[str, str], str]]:
    """Each sample that is asked for: its name, its labels (matched by value; "" for any that is
    only grouped by), and the expression.
    """
    for expression in expressions():
        grouped: set[str] = set()
        selected: list[VectorSelector] = []

        def acting(
            part: Expr, grouped: set[str] = grouped, selected: list[VectorSelector] = selected
        ) -> None:
            if isinstance(part, VectorSelector):
                selected.append(part)
            elif isinstance(part, AggregateExpr) and part.modifier is not None:
                grouped.update(part.modifier.labels)

        walk(parse(expression), acting)
        for one in selected:
            matched = {match.name: match.value for match in one.matchers.matchers}
            yield one.name or "", dict.fromkeys(grouped, "") | matched, expression


def exposed(text: str) -> dict[str, list[dict[str, str]]]:
    """Sample name -> the labels of each of its samples."""
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


def documented() -> dict[str, set[str]]:
    """Metric -> its labels, by the tables of docs/monitoring.md."""
    found: dict[str, set[str]] = {}
    for line in (DOCS / "monitoring.md").read_text().splitlines():
        cells = line.split(" | ")
        if line.startswith("| `o365bot_"):
            for name in re.findall(r"`(o365bot_\w+)`", cells[0]):
                found[name] = set(re.findall(r"`(\w+)`", cells[1]))
    return found
