"""How a command runs: on what it opens from the settings, with errors in words and a status."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeVar

import typer

from adapters.terminal import logs
from adapters.terminal.options import Level, errors_in_words
from bot.settings.settings import Settings, load

Opened = TypeVar("Opened")


def run_on(
    open_context: Callable[[Settings], AbstractAsyncContextManager[Opened]],
    config: Path | None,
    command: Callable[[Opened], Awaitable[int]],
    level: Level = Level.ERROR,
) -> None:
    """Open the context, run the command on it, and leave with its exit status."""

    async def go() -> int:
        async with open_context(load(config)) as context:
            return await command(context)

    logs.configure(level)
    with errors_in_words():
        status = asyncio.run(go())
    raise typer.Exit(status)
