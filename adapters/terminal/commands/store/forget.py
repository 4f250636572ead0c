"""`forget`: what is kept of one person is removed. Exit status: 0 it was done; 2 it was not."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated

import typer

from adapters.terminal.options import Config
from adapters.terminal.running import run_on
from bot.domain.visible import visible
from bot.services.people.forget import Found
from bot.settings.settings import Settings

FAILED = 2

STAYS = """What stays, and why:
  that somebody was asked, when, and what came of it, under an alias: the record of the work
  an account that must not be asked, or whose it is: else they would be asked again
  messages that were sent, on their platforms; logs, exports and backups made before
  what Okta and Microsoft still tell of them: a scan or look reads it again while they have a role
  their account in the settings, if they operate the bot"""


@dataclass(frozen=True, slots=True)
class ForgetContext:
    """What the command works on: who somebody is, and forgetting them, on whose behalf."""

    find: Callable[[str], Awaitable[Found]]
    forget: Callable[[Found, str], Awaitable[Mapping[str, int]]]


OpenForget = Callable[[Settings], AbstractAsyncContextManager[ForgetContext]]


def add_forget_command(cli: typer.Typer, open_forget: OpenForget) -> None:
    """Add the command; `open_forget` opens what it works on."""

    @cli.command()
    def forget(
        person: Annotated[
            str,
            typer.Argument(help="An account (slack:U…, teams:ID), an address, or an object id."),
        ],
        end_requests: Annotated[
            bool, typer.Option("--end-requests", help="End their open requests, too.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
        config: Config = None,
    ) -> None:
        """Remove what is kept about one person, or keep it without their name."""
        run_on(
            open_forget,
            config,
            lambda context: _forget(context, person.strip(), end_requests, yes),
        )


async def _forget(context: ForgetContext, person: str, end_requests: bool, yes: bool) -> int:
    if len(person) < 3:
        return _refused("Give an account, an address or an object id.")
    found = await context.find(person)
    typer.echo(f"Known as: {visible(', '.join(found.identifiers))}")
    typer.echo(f"Requests: {len(found.theirs)}, of which open: {len(found.open)}")
    if found.open and not end_requests:
        labels = ", ".join(request.app_label for request in found.open)
        return _refused(
            f"They are asked for {visible(labels)}. Give --end-requests to end that, or wait."
        )
    typer.echo(STAYS)
    if not yes and not await asyncio.to_thread(typer.confirm, "Forget this person?"):
        return FAILED
    counts = await context.forget(found, f"terminal:{getpass.getuser()}")
    typer.echo("Done: " + ", ".join(f"{count} {what}" for what, count in counts.items()) + ".")
    return 0


def _refused(why: str) -> int:
    typer.secho(why, err=True, fg=typer.colors.RED)
    return FAILED
