"""`o365bot slack manifest` and `o365bot teams package`: what the platforms want uploaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.terminal.options import Config, checked, errors_in_words
from bot.chat.words import FALLBACK, Words
from bot.errors import SettingsInvalid
from bot.settings.address import Origin
from bot.settings.section import Guid, shaped
from bot.settings.settings import load

SlackManifest = Callable[[str, Words, bool], Mapping[str, Any]]
TeamsPackage = Callable[[str, str, str, str, Callable[[str], Words], bool], bytes]

_Version = Annotated[str, shaped(r"\d{1,9}(\.\d{1,9}){2}", "three numbers such as 1.2.3")]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="The public address of o365bot, if there is no settings file yet.",
    ),
]


def add_platform_commands(
    cli: typer.Typer, slack_manifest: SlackManifest, teams_package: TeamsPackage
) -> None:
    """Adds `slack` and `teams`."""
    slack = typer.Typer(help="What Slack needs to know about the app.", no_args_is_help=True)
    teams = typer.Typer(help="What Teams needs to know about the app.", no_args_is_help=True)
    cli.add_typer(slack, name="slack")
    cli.add_typer(teams, name="teams")

    @slack.command("manifest")
    def manifest(
        config: Config = None,
        url: Url = "",
        socket_mode: Annotated[
            bool,
            typer.Option(
                "--socket-mode", help="For a bot that Slack cannot reach: it connects itself."
            ),
        ] = False,
    ) -> None:
        """Print the manifest to paste into Slack under "Create New App", "From a manifest"."""
        with errors_in_words():
            language = FALLBACK
            if not url:
                settings = load(config)
                url, language = settings.public_url, settings.language
                socket_mode |= bool(settings.slack and settings.slack.app_token)
            made = slack_manifest(checked("--url", Origin, url), Words(language), socket_mode)
        typer.echo(json.dumps(made, indent=2, ensure_ascii=False))

    @teams.command("package")
    def package(
        config: Config = None,
        url: Url = "",
        app_id: Annotated[
            str, typer.Option("--app-id", metavar="ID", help="The bot's Microsoft App ID.")
        ] = "",
        publisher: Annotated[
            str, typer.Option("--publisher", metavar="NAME", help="Who publishes the app.")
        ] = "o365bot",
        targeted: Annotated[
            bool,
            typer.Option(
                "--targeted", help="Add slash commands, which go with teams.targeted_answers."
            ),
        ] = False,
        number: Annotated[
            str,
            typer.Option(
                "--version",
                metavar="X.Y.Z",
                help="Teams accepts an upload only if this is higher than the last one.",
            ),
        ] = version("o365bot"),
        out: Annotated[
            Path,
            typer.Option("--out", metavar="FILE", help="Where to write the zip.", dir_okay=False),
        ] = Path("o365bot-teams.zip"),
    ) -> None:
        """Write the zip to upload in the Teams admin center."""
        with errors_in_words():
            if not (url and app_id):
                settings = load(config)
                url = url or settings.public_url
                app_id = app_id or (settings.teams.app_id if settings.teams else "")
                targeted |= bool(settings.teams and settings.teams.targeted_answers)
            if not app_id:
                raise SettingsInvalid(("teams.app_id: is missing; give it, or --app-id",))
            made = teams_package(
                checked("--url", Origin, url),
                checked("--app-id", Guid, app_id),
                publisher,
                checked("--version", _Version, number),
                Words,
                targeted,
            )
            try:
                out.write_bytes(made)
            except OSError as error:
                raise SettingsInvalid((f"{out}: cannot be written ({error.strerror})",)) from None
        typer.echo(f"{out} is ready to upload in the Teams admin center, under Manage apps.")
