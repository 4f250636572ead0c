"""The commands of `o365bot`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from adapters.terminal import logs
from bot.errors import O365BotError
from bot.settings import CONFIG_VARIABLE, Settings, load

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_VARIABLE,
        help="The settings, a TOML file (docs/settings.md explains each key).",
        dir_okay=False,
    ),
]


def build_cli(*, serve: Callable[[Settings], None]) -> typer.Typer:
    """The command line; `serve` runs the bot until it is told to stop."""
    cli = typer.Typer(
        help="Brings every Office 365 app in Okta to its Microsoft Graph consent: "
        "asks the right admin, reminds, and keeps the record.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @cli.callback(invoke_without_command=True)
    def root(
        show_version: Annotated[
            bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
        ] = False,
    ) -> None:
        if show_version:
            typer.echo(version("o365bot"))
            raise typer.Exit

    @cli.command()
    def run(
        config: Config = None,
        log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
    ) -> None:
        """Start the bot: the chat endpoints, the consent pages, the background work."""
        logs.configure(log_level.upper())
        with _errors_in_words():
            serve(load(config))

    @cli.command()
    def check(config: Config = None) -> None:
        """Check the settings without starting anything; list every wrong key."""
        with _errors_in_words():
            settings = load(config)
        orgs = ", ".join(org.name for org in settings.okta)
        chats = " and ".join(
            name
            for name, section in (("Slack", settings.slack), ("Teams", settings.teams))
            if section
        )
        typer.echo(f"The settings are good: Okta orgs {orgs}; served in {chats}.")

    return cli


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """Turn our own errors into a message and exit status 2; bugs go through."""
    try:
        yield
    except O365BotError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from error
