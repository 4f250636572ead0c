"""`backup`, `restore` and `release`. Exit status: 0 it was done; 2 it was not."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.terminal import logs
from adapters.terminal.commands.store import archive
from adapters.terminal.options import Config, Level, errors_in_words
from bot.domain.delivery.deliveries import Delivery
from bot.domain.visible import visible
from bot.errors import BackupUnusable
from bot.ports.store.backup import BackupStore
from bot.services.campaign.restored import WrittenSince
from bot.settings.settings import Settings, load

FAILED = 2
UNKNOWN = (
    "Nobody knows what was sent since then. So a first message is sent only where the platform "
    "says that there was none (Slack), and held elsewhere; o365bot release shows them. If the bot "
    "was stopped since the backup, end this with o365bot release --all."
)
SHOWN = 50

OpenBackupStore = Callable[[Settings], AbstractAsyncContextManager[BackupStore]]
SentSince = Callable[[Settings, datetime], Awaitable[WrittenSince]]
"""What the store, before it is replaced, knows of what went out after a moment (UTC)."""
Settle = Callable[[Settings, str, datetime, WrittenSince | None], Awaitable[Sequence[Delivery]]]
"""Takes that along (None: it is not known), and counts as told what was due; given who says so, and
of when (UTC) the backup is. Returns what is held.
"""
Held = Callable[[Settings], Awaitable[Sequence[str]]]
Release = Callable[[Settings, Iterable[str], str, bool], Awaitable[int]]
"""Given who says so, and whether nothing more is to be held."""

File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


def add_backup_commands(
    cli: typer.Typer,
    open_backup_store: OpenBackupStore,
    sent_since: SentSince,
    settle: Settle,
    held: Held,
    release: Release,
) -> None:
    """Add the three commands."""

    @cli.command()
    def backup(file: File, config: Config = None) -> None:
        """Save a snapshot of the whole store to a new file.

        The bot can keep running.
        """
        _run(_backup(open_backup_store, load, config, file))

    @cli.command()
    def restore(
        file: File,
        over: Annotated[
            bool,
            typer.Option("--over", help="Replace what the store holds now. Stop the bot first."),
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
        config: Config = None,
    ) -> None:
        """Restore a backup into an empty store; what fell due since is held, not sent."""

        async def go() -> None:
            settings = load(config)
            about = archive.examine(file)
            async with open_backup_store(settings) as backup_store:
                if about.schema > backup_store.newest:
                    raise BackupUnusable(
                        f"{file} was made by a newer release.", hint="Restore it with that release."
                    )
                await backup_store.accept(about.mark)
                since: WrittenSince | None = None
                if not await backup_store.is_empty():
                    _refuse_unless(over)
                    made = about.at.strftime("%Y-%m-%d %H:%M UTC")
                    question = f"Replace all that the store has with the backup of {made}?"
                    if not yes and not await asyncio.to_thread(typer.confirm, question):
                        raise typer.Exit(FAILED)
                    if await backup_store.is_whole():
                        since = await sent_since(settings, about.at)
                await backup_store.clear(since=since is not None)
                for kept in archive.read(file):
                    await backup_store.write(kept)
                who = f"terminal:{getpass.getuser()}"
                waiting = await settle(settings, who, about.at, since)
                await backup_store.finish()
            typer.echo(f"Restored: {about.parts} parts, as of {about.at.isoformat()}.")
            if since is None:
                typer.echo(UNKNOWN)
            elif since.requests:
                count = len(since.requests)
                typer.echo(f"Kept of what the store had: {count} requests that changed since.")
            _tell_of([one.key for one in waiting])

        _run(go())

    @cli.command("release")
    def send_after_all(
        delivery: Annotated[
            list[str] | None, typer.Argument(metavar="[NAME]", help="Names of such messages.")
        ] = None,
        everything: Annotated[
            bool, typer.Option("--all", help="Send all, and hold nothing from now on.")
        ] = False,
        config: Config = None,
    ) -> None:
        """Send messages held after a restore; without a name, list them."""

        async def go() -> None:
            settings = load(config)
            names = delivery or await held(settings)
            if not delivery and not everything:
                _tell_of(names, nothing="Nothing is held.")
                return
            who = f"terminal:{getpass.getuser()}"
            count = await release(settings, names, who, everything)
            if count < len(names):
                raise BackupUnusable(f"{len(names) - count} of them are not held.")
            typer.echo(f"{count} will be sent by the running bot.")

        _run(go())


async def _backup(
    open_backup_store: OpenBackupStore,
    read: Callable[[Path | None], Settings],
    config: Path | None,
    file: Path,
) -> None:
    parts = 0
    async with open_backup_store(read(config)) as backup_store:
        found = await backup_store.snapshot()
        with archive.writing(file, found.at, found.schema, version("o365bot")) as put:
            async for kept in found.kept:
                put(kept)
                parts += 1
    typer.echo(f"Backed up: {parts} parts, as of {found.at.isoformat()}, in {file}.")


def _refuse_unless(over: bool) -> None:
    if not over:
        raise BackupUnusable(
            "The store is not empty.",
            hint="Name an empty one, or stop the bot and give --over to replace what it has.",
        )


def _tell_of(names: Sequence[str], nothing: str = "") -> None:
    if not names:
        if nothing:
            typer.echo(nothing)
        return
    typer.echo(
        f"{len(names)} messages may have been sent since the backup. They are held and count as "
        "sent; o365bot release NAME sends one after all, release --all sends all:"
    )
    for one in names[:SHOWN]:
        typer.echo(f"  {visible(one)}")
    if len(names) > SHOWN:
        typer.echo(f"  and {len(names) - SHOWN} more: o365bot audit export has all (action hold)")


def _run(command: Coroutine[Any, Any, None]) -> None:
    logs.configure(Level.ERROR)
    with errors_in_words():
        asyncio.run(command)
