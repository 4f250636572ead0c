"""`o365bot campaign`, `plan` and `remind`: what holds, and who would get what, when and why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from adapters.terminal.options import Config, errors_in_words
from bot.chat.campaign import plans
from bot.chat.words import Words
from bot.domain.campaign.windows import BUILT_IN, OKTA_CONSENT, Audience, Deadline, WindowName
from bot.services.campaign.planning import LONGEST, Plan, Planner
from bot.settings.settings import Settings, load

OpenPlanner = Callable[[Settings], AbstractAsyncContextManager[Planner]]


def add_campaign_commands(cli: typer.Typer, open_planner: OpenPlanner) -> None:
    """Add the commands. `open_planner` opens the store, and sends nothing."""

    @cli.command()
    def campaign(config: Config = None) -> None:
        """Show the campaign: deadlines, windows, and when people get messages."""
        with errors_in_words():
            settings = load(config)
        _explain(settings, datetime.now(UTC).date())

    @cli.command()
    def plan(
        span: Annotated[str, typer.Argument(help="How far ahead to look, such as 30d.")] = "30d",
        simulate_from: Annotated[
            str,
            typer.Option(
                metavar="DATE",
                help="Simulate from the start of this date, such as 2027-01-04.",
            ),
        ] = "",
        config: Config = None,
    ) -> None:
        """Print who would get what, when (local time) and why. Sends nothing."""
        days, start = _days(span), _date(simulate_from)
        with errors_in_words():
            settings = load(config)
            found = asyncio.run(_ask(settings, open_planner, days, start))
        _print(Words(settings.language), found, days)

    @cli.command()
    def remind(
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Print what is due and send nothing (required).")
        ] = False,
        config: Config = None,
    ) -> None:
        """Print what is due right now. The running bot sends it on its own."""
        if not dry_run:
            raise typer.BadParameter(
                "Reminders are sent by the running bot; add --dry-run to see what is due."
            )
        with errors_in_words():
            settings = load(config)
            found = asyncio.run(_ask(settings, open_planner, 0, None))
        _print(Words(settings.language), found, 0)


async def _ask(
    settings: Settings, open_planner: OpenPlanner, days: int, start: date | None
) -> Plan:
    async with open_planner(settings) as planner:
        return await planner.plan(days, start) if days else await planner.due()


def _days(span: str) -> int:
    found = re.fullmatch(r"(\d{1,3})\s*(d|days?)?", span.strip(), re.IGNORECASE)
    if found is None or not 1 <= int(found[1]) <= LONGEST:
        raise typer.BadParameter(f"expected a number of days such as 30d, at most {LONGEST}d")
    return int(found[1])


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter("expected a date such as 2027-01-04") from None


def _print(words: Words, found: Plan, days: int) -> None:
    console = Console()
    console.print(plans.heading(words, found, days), markup=False)
    if not found.lines:
        return
    columns = ("column.who", "column.when", "column.what", "column.why")
    table = Table(*map(words, columns), box=None, pad_edge=False)
    for line in found.lines:
        table.add_row(*plans.line(words, found, line))
    console.print(table, markup=False)
    console.print(words("plan.note"), markup=False)


def _explain(settings: Settings, today: date) -> None:
    words, console = Words(settings.language), Console()
    given = settings.campaign
    campaign = given.campaign()

    def dates(title: str, deadlines: tuple[Deadline, ...]) -> None:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name in ("on", "what", "scope", "source"):
            table.add_column(words(f"campaign.{name}"))
        for one in deadlines:
            scope = one.scope.app or one.scope.tenant or one.scope.org or words("campaign.all")
            mark = words("campaign.past") if one.on < today else ""
            table.add_row(
                words.date(one.on),
                f"{words(f'deadline.{one.key}')} {mark}".strip(),
                scope,
                one.source,
            )
        console.print(table, markup=False)
        console.print()

    dates(words("campaign.public"), BUILT_IN)
    if campaign.targets:
        dates(words("campaign.own"), campaign.targets)
    else:
        console.print(words("campaign.no_own", date=words.date(OKTA_CONSENT.on)), markup=False)
        console.print()

    table = Table(title=words("campaign.windows"), title_justify="left", box=None, pad_edge=False)
    for name in ("window", "begins", "every", "tone", "audience"):
        table.add_column(words(f"campaign.{name}"))
    for window in campaign.windows:
        begins = "–" if window.name is WindowName.DISTANT else str(window.begins)
        if window.begins < 0:
            begins = words("campaign.over")
        audience = ", ".join(sorted(words(f"campaign.{who}") for who in window.audience))
        table.add_row(
            words(f"plan.window_{window.name}"),
            begins,
            str(window.every),
            words(f"campaign.{window.tone}"),
            audience,
        )
    console.print(table, markup=False)
    console.print()
    console.print(
        words(
            "campaign.rules",
            hours=given.hours,
            zone=settings.time_zone,
            week=words("campaign.messages", count=given.per_week),
            silent=words("campaign.messages", count=given.ignored_rounds),
            patience=words("campaign.working_days", count=given.patience),
        ),
        markup=False,
    )
    places = [given.country] if given.country else []
    places += [f"{zone} {place}" for zone, place in sorted(given.countries.items())]
    if places:
        console.print(words("campaign.holidays_set", places=", ".join(places)), markup=False)
    else:
        console.print(words("campaign.holidays"), markup=False)
    if any(Audience.OPERATOR in window.audience for window in campaign.windows):
        console.print(words("campaign.operators"), markup=False)
