"""The commands of `o365bot`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated

import typer

from adapters.terminal import logs
from adapters.terminal.commands.campaign import OpenPlanner, add_campaign_commands
from adapters.terminal.commands.doctor import OpenDoctor, add_doctor_command
from adapters.terminal.commands.doctor import examine as examine_all
from adapters.terminal.commands.inventory import add_inventory_commands
from adapters.terminal.context import OpenInventory
from adapters.terminal.lazy import bare
from adapters.terminal.options import Config, Level, LogLevel, errors_in_words
from bot.role import Role
from bot.settings.settings import Settings, load


def build_cli(
    *,
    serve: Callable[[Callable[[], Settings], Role], None],
    examine: Callable[[Settings], Sequence[str]],
    open_inventory: OpenInventory,
    open_planner: OpenPlanner,
    open_doctor: OpenDoctor,
) -> typer.Typer:
    """The command line; `serve` runs the bot, or its part of a role, until it is told to stop, and
    reads the settings with the function that it is given.

    `examine` loads what the settings name (keys, certificates, addresses), raises SettingsInvalid
    where one cannot be used, and returns what is to be warned of.

    `open_inventory` opens what the commands about the inventory work on, `open_planner` what the
    commands about the campaign look at, `open_doctor` what tests the connections.
    """
    cli = bare()

    @cli.command()
    def run(
        config: Config = None,
        log_level: LogLevel = Level.INFO,
        web: Annotated[
            bool,
            typer.Option(
                "--web", help="Answer people and platforms; leave background work to workers."
            ),
        ] = False,
        worker: Annotated[
            bool,
            typer.Option("--worker", help="Do the background work; serve only probes and metrics."),
        ] = False,
    ) -> None:
        """Start the bot: chat endpoints, consent pages, background work.

        To scale them separately, run some with --web and some with --worker on one store.
        """
        if web and worker:
            raise typer.BadParameter("give --web or --worker; without either, one process does all")
        logs.configure(log_level)
        role = Role.WEB if web else Role.WORKER if worker else Role.ALL
        with errors_in_words():
            serve(partial(load, config), role)

    @cli.command()
    def check(
        config: Config = None,
        live: Annotated[
            bool, typer.Option("--live", help="Test the connections, too: the same as doctor.")
        ] = False,
    ) -> None:
        """Check the settings without starting anything; list every wrong key."""
        if live:
            examine_all(config, open_doctor, as_json=False)
        with errors_in_words():
            settings = load(config)
            warnings = examine(settings)
        orgs = ", ".join(org.name for org in settings.okta)
        chats = " and ".join(
            name
            for name, section in (("Slack", settings.slack), ("Teams", settings.teams))
            if section
        )
        typer.echo(
            f"The settings are valid: Okta orgs {orgs}; chat in {chats}. "
            "Whether the other side takes the keys, o365bot doctor tells."
        )
        for warning in (*warnings, *_warnings(settings, datetime.now(UTC).date())):
            typer.secho(f"Warning: {warning}", err=True, fg=typer.colors.YELLOW)

    add_doctor_command(cli, open_doctor)
    add_inventory_commands(cli, open_inventory)
    add_campaign_commands(cli, open_planner)
    return cli


def _warnings(settings: Settings, today: date) -> Iterator[str]:
    """What is allowed, and may not be meant."""
    for org in settings.okta:
        if org.api_token is not None:
            yield (
                f"{org.name} is read with an API token, which has all rights of whoever made it. "
                "A service app with read scopes is safer."
            )
    chats = [chat for chat in (settings.slack, settings.teams) if chat is not None]
    if not any(one.operators or one.operator_groups or one.operator_channels for one in chats):
        yield "operators is given for no platform: nobody may ask the bot anything."
    elif not any(one.operators for one in chats):
        yield "operators names nobody by id: nobody is told of trouble."
    for number, target in enumerate(settings.campaign.targets):
        if target.on < today:
            yield f"campaign.targets.{number}.on ({target.on}) has passed: its apps are overdue."
