"""`o365bot doctor`: look at everything that the settings name, and say what is not right.

Exit status: 0 all that can be tested is good; 1 something needs attention; 2 something is broken.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from adapters.terminal import logs
from adapters.terminal.options import Config, Level, LogLevel, errors_in_words
from adapters.terminal.rendering import console, printable
from bot.chat import doctor as saying
from bot.chat.words import FALLBACK, Words
from bot.domain.doctor.checks import worst
from bot.domain.doctor.finding import Finding, Grade
from bot.services.doctor import Doctor
from bot.settings.settings import Settings, load

OpenDoctor = Callable[[Settings], AbstractAsyncContextManager[Doctor]]

STATUS = {Grade.GOOD: 0, Grade.ATTENTION: 1, Grade.BROKEN: 2}
_STYLES = {
    Grade.GOOD: "green",
    Grade.ATTENTION: "yellow",
    Grade.BROKEN: "red",
    Grade.NOT_TESTABLE: "dim",
}


def add_doctor_command(cli: typer.Typer, open_doctor: OpenDoctor) -> None:
    """Add `doctor`."""

    @cli.command()
    def doctor(
        config: Config = None,
        as_json: Annotated[
            bool, typer.Option("--json", help="As JSON (see docs/doctor.md).")
        ] = False,
        log_level: LogLevel = Level.ERROR,
    ) -> None:
        """Test every connection, permission and expiry date, and say what to do.

        Exit status: 0 all is good; 1 something needs attention; 2 something is broken.
        """
        examine(config, open_doctor, as_json=as_json, log_level=log_level)


def examine(
    config: Path | None, open_doctor: OpenDoctor, *, as_json: bool, log_level: Level = Level.ERROR
) -> None:
    """Print what is found, and leave with the status that it means."""
    logs.configure(log_level)
    with errors_in_words():
        settings = load(config)

        async def run_doctor() -> tuple[Finding, ...]:
            async with open_doctor(settings) as doctor:
                return await doctor.examine()

        findings = asyncio.run(run_doctor())
    if as_json:
        typer.echo(json.dumps(in_json(findings), indent=2, ensure_ascii=False))
    else:
        _print(findings, Words(settings.language))
    raise typer.Exit(STATUS[worst(findings)])


def in_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Names and words are English in every language, so that a machine may compare them."""
    words = Words(FALLBACK)
    return {
        "status": worst(findings).value,
        "findings": [
            {
                "place": one.place,
                "check": one.check,
                "outcome": one.found.outcome,
                "grade": one.grade.value,
                "found": saying.found(one, words),
                "reason": saying.reason(one) or None,
                "do": saying.to_do(one, words) or None,
            }
            for one in findings
        ],
    }


def _print(findings: Sequence[Finding], words: Words) -> None:
    out = console()
    width = max(len(words(f"doctor.grade_{grade.value}")) for grade in Grade)
    for place, group in groupby(findings, key=lambda one: one.place):
        out.print(f"\n{printable(place)}", style="bold", markup=False)
        for one in group:
            grade = words(f"doctor.grade_{one.grade.value}").ljust(width)
            said = " ".join(filter(None, (saying.found(one, words), saying.reason(one))))
            out.print(f"  [{_STYLES[one.grade]}]{grade}[/]  ", end="")
            out.print(printable(said), markup=False, soft_wrap=True)
            if advice := saying.to_do(one, words):
                out.print(f"  {' ' * width}  → {printable(advice)}", markup=False, soft_wrap=True)
    out.print(f"\n{saying.title(findings, words)}: {saying.counts(findings, words)}", markup=False)
