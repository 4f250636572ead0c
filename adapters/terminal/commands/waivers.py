"""The commands about waivers: `waive`, `unwaive` and `waivers`.

They use the store of the installation, also beside a running bot: what follows from them (a message
that changes, the boards) that bot does. Exit status: 0 it was done; 2 it was not.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from adapters.terminal.options import Config
from adapters.terminal.rendering import console, render
from adapters.terminal.running import run_on
from bot.chat.replies import Replies
from bot.chat.typed.find_app import named_app
from bot.chat.typed.times.waiver_words import read_term
from bot.chat.words import Words
from bot.domain.summaries import Page
from bot.errors import ConsentError
from bot.message import Message
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.inventory.waive import Waive
from bot.settings.settings import Settings

DONE, FAILED = 0, 2


@dataclass(frozen=True, slots=True)
class WaiverContext:
    """What the commands work on. `clock` is what the services live by."""

    ledger: Ledger
    waive: Waive
    clock: Clock
    language: str


OpenWaivers = Callable[[Settings], AbstractAsyncContextManager[WaiverContext]]
App = Annotated[str, typer.Argument(help="An app's label or part of it, its id, or ORG/ID.")]


def add_waiver_commands(cli: typer.Typer, open_waivers: OpenWaivers) -> None:
    """Add the three commands; `open_waivers` opens what they work on."""

    @cli.command()
    def waive(
        app: App,
        until: Annotated[
            str, typer.Option(metavar="DATE", help="The last day, such as 2027-01-31.")
        ] = "",
        because: Annotated[str, typer.Option(metavar="REASON", help="The reason.")] = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
        config: Config = None,
    ) -> None:
        """Accept an app as it is for a while: no reminders, not on the open list."""
        _run(open_waivers, config, lambda context: _waive(context, app, until, because, sure=yes))

    @cli.command()
    def unwaive(app: App, config: Config = None) -> None:
        """End a waiver: the app is open again."""
        _run(open_waivers, config, lambda context: _unwaive(context, app))

    @cli.command()
    def waivers(config: Config = None) -> None:
        """Show which apps are accepted as they are: until when, by whom and why."""
        _run(open_waivers, config, _waivers)


def _run(
    open_waivers: OpenWaivers,
    config: Path | None,
    command: Callable[[WaiverContext], Awaitable[int]],
) -> None:
    async def in_words(context: WaiverContext) -> int:
        try:
            return await command(context)
        except ConsentError as error:
            return _refused(_replies(context).error(error))

    run_on(open_waivers, config, in_words)


async def _waive(context: WaiverContext, app: str, until: str, because: str, *, sure: bool) -> int:
    replies = _replies(context)
    now, calendar = context.clock.now(), context.waive.calendar
    term = read_term(f"{until} {because}", now, calendar) if until else None
    if term is None or term.until is None or not term.why:
        return _refused(replies.waivers.needs(app, term, until, context.waive.latest))
    record, _ = await named_app(context.ledger, app)
    who = getpass.getuser()
    what = (record.app.ref, term.until, term.why, f"terminal:{who}", who)
    found = await context.waive.preview(*what)
    if not sure:
        render(replies.waivers.sure(found), console())
        if not await asyncio.to_thread(typer.confirm, replies.waivers.question):
            return FAILED
    render(replies.waivers.done(await context.waive.waive(*what)), console())
    return DONE


async def _unwaive(context: WaiverContext, app: str) -> int:
    record, _ = await named_app(context.ledger, app)
    back = await context.waive.take_back(record.app.ref, f"terminal:{getpass.getuser()}")
    render(_replies(context).waivers.taken_back(back), console())
    return DONE


async def _waivers(context: WaiverContext) -> int:
    apps = tuple([app for app in await context.ledger.summaries() if app.is_waived])
    page = Page(shown=apps, waived=len(apps))
    render(_replies(context).waivers.listed(page), console())
    return DONE


def _replies(context: WaiverContext) -> Replies:
    return Replies(Words(context.language), in_chat=False)


def _refused(message: Message) -> int:
    render(message, console(errors=True))
    return FAILED
