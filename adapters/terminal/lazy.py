"""The door of the command line: it knows each command by name and summary, and loads one to run it.

What the commands stand on takes a second to import, far too long for `o365bot --help`. So nothing
of it is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

# In the order of the help. A test holds it against the commands themselves.
SUMMARIES: Mapping[str, str] = {
    "run": "Start the bot: chat endpoints, consent pages, background work.",
    "check": "Check the settings without starting anything; list every wrong key.",
    "doctor": "Test every connection, permission and expiry date, and say what to do.",
    "scan": "Scan Okta and Microsoft now.",
    "apps": "Show every Office 365 app as last seen, most urgent first.",
    "why": "Show what is known about one app, and how: evidence, age, reasons, people.",
    "campaign": "Show the campaign: deadlines, windows, and when people get messages.",
    "plan": "Print who would get what, when (local time) and why. Sends nothing.",
    "remind": "Print what is due right now. The running bot sends it on its own.",
    "init": "Write the first settings, the Slack manifest and the Teams package.",
    "waive": "Accept an app as it is for a while: no reminders, not on the open list.",
    "unwaive": "End a waiver: the app is open again.",
    "waivers": "Show which apps are accepted as they are: until when, by whom and why.",
    "slack": "What Slack needs to know about the app.",
    "teams": "What Teams needs to know about the app.",
    "audit": "Who did what to what, and when.",
    "backup": "Save a snapshot of the whole store to a new file.",
    "restore": "Restore a backup into an empty store; what fell due since is held, not sent.",
    "release": "Send messages held after a restore; without a name, list them.",
    "forget": "Remove what is kept about one person, or keep it without their name.",
}


def bare(cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """A command line without commands, which says what it is for, and its version."""
    cli = typer.Typer(
        cls=cls,
        help="Brings every Office 365 app in Okta to its Microsoft Graph consent: "
        "asks the right admin, sends reminders, and keeps track.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @cli.callback(invoke_without_command=True)
    def root(
        show_version: Annotated[
            bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
        ] = False,
    ) -> None:
        if show_version:
            from importlib.metadata import version

            typer.echo(version("o365bot"))
            raise typer.Exit

    return cli


def front(load: Callable[[], typer.Typer]) -> typer.Typer:
    """The same commands as those of `load`, which is called when one of them is to run."""

    class LazyGroup(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            group = typer.main.get_command(load())
            return group.resolve_command(ctx, args)  # type: ignore[attr-defined]  # it is a group

    cli = bare(LazyGroup)
    for name, summary in SUMMARIES.items():
        cli.command(name, help=summary)(_named)
    return cli


def _named() -> None:
    """Stands for a command that was not loaded: it is there to be listed."""
