"""What Prometheus is told: figures about the whole installation, and what this process counted.

The former come from the store, so every replica tells the same: take the `max` over replicas, not
the sum. The latter are this process's own: add them up. docs/monitoring.md has each of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from bot.errors import StoreError
from bot.ports.store.figures import Figures, Overview, Queued

log = structlog.get_logger(__name__)

FRESH_FOR = 5.0
"""Seconds: however many ask, the store is asked that often."""
PATIENCE = 5.0
"""Seconds until this process tells what it knows by itself."""


class Metrics:
    """The Prometheus text format. `platforms` are those that are served; `expiring` tells of what
    ends: its name, and when, in seconds of the epoch.
    """

    def __init__(
        self,
        overview: Overview,
        platforms: Iterable[str],
        *,
        version: str,
        role: str,
        expiring: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._overview = overview
        self._platforms = tuple(platforms)
        self._about = {"version": version, "role": role}
        self._expiring = dict(expiring)
        self._reading = asyncio.Lock()
        self._read_at = -FRESH_FOR
        self._figures: Figures | None = None

    async def text(self) -> bytes:
        """All of them, now."""
        figures = await self._latest()
        registry = CollectorRegistry()
        registry.register(_Told(self._told(figures)))
        return generate_latest(registry) + generate_latest(REGISTRY)

    async def _latest(self) -> Figures | None:
        """None while the store does not answer."""
        async with self._reading:
            if time.monotonic() - self._read_at >= FRESH_FOR:
                try:
                    async with asyncio.timeout(PATIENCE):
                        self._figures = await self._overview.read()
                except (StoreError, TimeoutError) as error:
                    log.warning("cannot read the store's figures", reason=str(error))
                    self._figures = None
                self._read_at = time.monotonic()
            return self._figures

    def _told(self, figures: Figures | None) -> list[Metric]:
        build = InfoMetricFamily("o365bot_build", "What runs in this process.")
        build.add_metric([], self._about)
        up = _gauge("o365bot_store_up", "1 while the store answers.", float(figures is not None))
        ends = GaugeMetricFamily(
            "o365bot_expires_timestamp_seconds",
            "When a certificate ends whose end is known.",
            labels=["what"],
        )
        for what, at in self._expiring.items():
            ends.add_metric([what], at)
        of_store = [] if figures is None else [*_of_orgs(figures), *self._of_all(figures)]
        return [build, up, ends, *of_store]

    def _of_all(self, figures: Figures) -> Iterable[Metric]:
        requests = GaugeMetricFamily(
            "o365bot_requests", "Open requests by stage.", labels=["stage"]
        )
        for stage, count in figures.requests.items():
            requests.add_metric([stage.value], count)
        yield requests
        incidents = GaugeMetricFamily(
            "o365bot_incidents",
            "Places where messages do not get through, by platform.",
            labels=["platform"],
        )
        for platform in self._platforms:
            incidents.add_metric([platform], figures.incidents.get(platform, 0))
        yield incidents
        yield from _queue("tasks", figures.tasks)
        yield from _queue("deliveries", figures.deliveries)
        yield _gauge("o365bot_store_memory_bytes", "Memory that the store uses.", figures.memory)
        yield _gauge(
            "o365bot_store_memory_limit_bytes",
            "What it may use; 0: no limit.",
            figures.memory_limit,
        )


def _of_orgs(figures: Figures) -> Iterable[Metric]:
    apps = GaugeMetricFamily("o365bot_apps", "Apps by org and state.", labels=["org", "state"])
    unreachable = GaugeMetricFamily(
        "o365bot_apps_unreachable", "Apps for which nobody can be asked.", labels=["org"]
    )
    scanned = GaugeMetricFamily(
        "o365bot_scan_finished_timestamp_seconds",
        "When the last good look at an org ended; 0 before the first.",
        labels=["org"],
    )
    failed = GaugeMetricFamily(
        "o365bot_scan_failed", "1 while the latest look at an org failed.", labels=["org"]
    )
    budget = GaugeMetricFamily(
        "o365bot_okta_budget_left_ratio",
        "Share left of the tightest of Okta's limits, 0 to 1.",
        labels=["org"],
    )
    for org, of in figures.orgs.items():
        for state, count in of.apps.items():
            apps.add_metric([org, state], count)
        unreachable.add_metric([org], of.unreachable)
        scanned.add_metric([org], of.scanned_at.timestamp() if of.scanned_at else 0)
        failed.add_metric([org], of.scan_failed)
        budget.add_metric([org], of.budget)
    return apps, unreachable, scanned, failed, budget


def _queue(name: str, queued: Queued) -> Iterable[Metric]:
    yield _gauge(f"o365bot_{name}_waiting", f"All {name} that wait.", queued.waiting)
    yield _gauge(f"o365bot_{name}_due", f"Those {name} that are due by now.", queued.due)
    yield _gauge(
        f"o365bot_{name}_lag_seconds", f"How late the oldest of the {name} is.", queued.late
    )


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


class _Told:
    """A collector of what is given."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
