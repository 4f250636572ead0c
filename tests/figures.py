"""Figures: what `make bench` and `make chaos` measure, each against a bound.

A module under `tests/bench` or `tests/chaos` registers a coroutine function:

    @measures("store")
    async def store(tiny: bool) -> list[Figure]:
        ...
        return [at_most("store: first start", seconds, 1.0, "s")]

`tiny` asks for the smallest size that still runs every line: what `make drills` does.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import pkgutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog


@dataclass(frozen=True)
class Figure:
    """One measured number and the bound it is held against.

    `bound` reads as a person writes it, such as "<= 1 s" or ">= 5 x".
    """

    name: str
    measured: float
    bound: str
    unit: str
    ok: bool


def at_most(name: str, measured: float, bound: float, unit: str) -> Figure:
    return Figure(name, measured, f"<= {_number(bound)} {unit}", unit, measured <= bound)


def at_least(name: str, measured: float, bound: float, unit: str) -> Figure:
    return Figure(name, measured, f">= {_number(bound)} {unit}", unit, measured >= bound)


Measurement = Callable[[bool], Awaitable[list[Figure]]]

_registered: dict[tuple[str, str], Measurement] = {}


def measures(name: str) -> Callable[[Measurement], Measurement]:
    """Register a measurement under the name that ONLY= takes, for its module's package."""

    def register(measurement: Measurement) -> Measurement:
        package = measurement.__module__.rpartition(".")[0]
        if (package, name) in _registered:
            raise ValueError(f"two measurements of {package} are called {name}")
        _registered[package, name] = measurement
        return measurement

    return register


def measurements(package: str) -> dict[str, Measurement]:
    """All measurements of `tests.bench` or `tests.chaos`, by name, in alphabetical order."""
    path = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(path):
        if module.name != "__main__":
            importlib.import_module(f"{package}.{module.name}")
    return {
        name: measurement
        for (owner, name), measurement in sorted(_registered.items())
        if owner == package
    }


def line(figure: Figure) -> str:
    measured = f"{_number(figure.measured)} {figure.unit}"
    verdict = "ok" if figure.ok else "short"
    return f"{figure.name:<52} {measured:>16}   {figure.bound:<18} {verdict}"


def main(package: str) -> int:
    """Run the measurements of a package; the status is 1 when a figure falls short."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    known = measurements(package)
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    parser.add_argument("--only", metavar="NAME", choices=known, help=", ".join(known))
    parser.add_argument("--tiny", action="store_true", help="only show that it runs")
    chosen = parser.parse_args()
    short = 0
    for name, measurement in known.items():
        if chosen.only in (None, name):
            for figure in asyncio.run(_run(measurement, chosen.tiny)):
                print(line(figure), flush=True)
                short += not figure.ok
    if short:
        print(f"{short} short", file=sys.stderr)
    return 1 if short else 0


async def _run(measurement: Measurement, tiny: bool) -> list[Figure]:
    return await measurement(tiny)


def _number(value: float) -> str:
    whole = abs(value) >= 100 or float(value).is_integer()
    return f"{value:,.0f}" if whole else f"{value:.3g}"
