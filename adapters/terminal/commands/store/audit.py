"""`audit export` and `audit verify`: the audit for other programs, and whether it is whole.

Exit status: 0 it is whole, or was written; 1 something is wrong with it; 2 it failed.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapters.terminal.options import Config, one_of
from adapters.terminal.running import run_on
from bot.domain.audit import Head, Row, Verifier
from bot.domain.pseudonyms import shown
from bot.domain.visible import visible
from bot.ports.store.audit import AuditTrail
from bot.services.inventory.export import safe_cell
from bot.settings.settings import Settings

WHOLE, WRONG, FAILED = 0, 1, 2
POLL = 1.0
"""Seconds between two looks for new rows."""
AT_A_TIME = 200
SHOWN = 100
COLUMNS = ("number", "position", "at", "actor", "action", "subject", "detail", "seal")


@dataclass(frozen=True, slots=True)
class AuditContext:
    """What the commands work on. `key` is the one that is in use, empty where there is none."""

    trail: AuditTrail
    key: bytes


OpenAudit = Callable[[Settings], AbstractAsyncContextManager[AuditContext]]


class Form(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


def add_audit_commands(cli: typer.Typer, open_audit: OpenAudit) -> None:
    """Add the two commands; `open_audit` opens what they work on."""
    audit = typer.Typer(help="Who did what to what, and when.", no_args_is_help=True)
    cli.add_typer(audit, name="audit")

    @audit.command()
    def export(
        since: Annotated[
            str, typer.Option(metavar="DATE", help="From this day on (UTC), or from a time.")
        ] = "",
        until: Annotated[
            str, typer.Option(metavar="DATE", help="Up to and including this day (UTC), or a time.")
        ] = "",
        form: Annotated[
            Form, one_of(Form, "--format", "One JSON object a line, or CSV.")
        ] = Form.JSONL,
        follow: Annotated[
            bool, typer.Option("--follow", help="Keep printing new rows, for a SIEM; stop with ^C.")
        ] = False,
        after: Annotated[
            str,
            typer.Option(
                metavar="POSITION", help="Continue after the position of an earlier line."
            ),
        ] = "",
        config: Config = None,
    ) -> None:
        """Write the audit to standard output, and its head to standard error."""
        wanted = Wanted(_moment(since, time.min), _moment(until, time.max), after, follow)
        try:
            run_on(open_audit, config, lambda context: _export(context, wanted, form))
        except BrokenPipeError:  # whoever read it has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @audit.command()
    def verify(
        head: Annotated[
            str,
            typer.Option(
                metavar="NUMBER|SEAL",
                help="A head you kept: the audit must not end before it.",
            ),
        ] = "",
        key_file: Annotated[
            list[Path] | None,
            typer.Option(metavar="FILE", help="An earlier key; may be repeated."),
        ] = None,
        config: Config = None,
    ) -> None:
        """Check every row of the audit: none was changed, removed, moved or inserted."""
        try:
            kept = Head.parse(head) if head else None
            keys = tuple(path.read_text().strip().encode() for path in key_file or ())
        except OSError as error:
            problem = f"{error.filename}: cannot be read ({error.strerror})"
            raise typer.BadParameter(problem, param_hint="'--key-file'") from None
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        run_on(open_audit, config, lambda context: _verify(context, kept, keys))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows (times in UTC, inclusive), behind which position, and whether to go on."""

    since: datetime | None
    until: datetime | None
    after: str
    follow: bool

    def has(self, row: Row) -> bool:
        if self.since is None and self.until is None:
            return True
        try:
            at = datetime.fromisoformat(row.at)
        except ValueError:
            return True  # whatever it is, it is not hidden
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def _moment(said: str, of_day: time) -> datetime | None:
    if not said:
        return None
    try:
        if len(said) == len("2027-01-31"):
            return datetime.combine(date.fromisoformat(said), of_day, UTC)
        at = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(f"{said!r} is no date; expected one like 2027-01-31") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _export(context: AuditContext, wanted: Wanted, form: Form) -> int:
    head = await context.trail.head()
    if form is Form.CSV:
        csv.writer(sys.stdout).writerow(COLUMNS)
    async for rows in _batches(context.trail, wanted):
        names = await context.trail.names(f"{r.actor} {r.subject} {r.detail}" for r in rows)
        for row in rows:
            _write(row, names, form)
        sys.stdout.flush()
    typer.echo(f"Head: {head}", err=True)
    return WHOLE


async def _batches(trail: AuditTrail, wanted: Wanted) -> AsyncIterator[list[Row]]:
    after = wanted.after
    while True:
        rows: list[Row] = []
        async for row in trail.rows(after):
            after = row.position
            if wanted.has(row):
                rows.append(row)
            if len(rows) == AT_A_TIME:
                yield rows
                rows = []
        if rows:
            yield rows
        if not wanted.follow:
            return
        await asyncio.sleep(POLL)


def _write(row: Row, names: Mapping[str, str], form: Form) -> None:
    cells = _cells(row, names)
    if form is Form.CSV:
        csv.writer(sys.stdout).writerow(map(safe_cell, cells.values()))
        return
    detail = {name: shown(str(value), names) for name, value in row.told.items()}
    fields = cells | {"number": row.number or None, "detail": detail}
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")


def _cells(row: Row, names: Mapping[str, str]) -> dict[str, str]:
    return {
        "number": str(row.number or ""),
        "position": row.position,
        "at": row.at,
        "actor": shown(row.actor, names),
        "action": row.action,
        "subject": shown(row.subject, names),
        "detail": shown(row.detail, names),
        "seal": row.seal,
    }


async def _verify(context: AuditContext, kept: Head | None, keys: tuple[bytes, ...]) -> int:
    keys = (*((context.key,) if context.key else ()), *keys)
    heads = (await context.trail.head(), *((kept,) if kept else ()))
    verifier = Verifier(keys, heads, await context.trail.removed())
    async for row in context.trail.rows():
        verifier.take(row)
    head = await context.trail.head()
    found = verifier.findings(head)
    for finding in found[:SHOWN]:
        typer.echo(visible(str(finding)))
    if len(found) > SHOWN:
        typer.echo(f"and {len(found) - SHOWN} more")
    if found:
        typer.secho(f"The audit is not intact: {len(found)} findings.", err=True, fg="red")
        return WRONG
    typer.echo(f"The audit is intact: {verifier.rows} rows. Head: {head}")
    if context.key and verifier.without_key:
        typer.echo(
            f"{verifier.without_key} rows are from before the key: those could have been forged "
            "by whoever can write to the store."
        )
    return WHOLE
