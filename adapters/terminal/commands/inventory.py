"""The commands about the inventory: `scan`, `apps` and `why`.

They use the store of the installation, also beside a running bot, and open no chat platform.
Exit status: 0 all went well; 1 it went through, but an org could not be looked at; 2 it did not.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adapters.terminal.context import InventoryContext, OpenInventory
from adapters.terminal.options import Config, Level, LogLevel, one_of
from adapters.terminal.rendering import console, printable, render
from adapters.terminal.running import run_on
from bot.chat import phrases
from bot.chat.inventory import reasons
from bot.chat.inventory.overview import overview
from bot.chat.replies import Replies
from bot.chat.typed.find_app import named_app
from bot.chat.words import Words
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import OrgScan
from bot.domain.summaries import Page, Part, Wanted
from bot.errors import ConsentError
from bot.services.inventory.export import Inventory, as_csv, as_json, why_json

Orgs = Annotated[
    list[str] | None,
    typer.Option("--org", metavar="NAME", help="Only this Okta org; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON (see docs/terminal.md).")]
DONE, PARTLY, FAILED = 0, 1, 2


def add_inventory_commands(cli: typer.Typer, open_inventory: OpenInventory) -> None:
    """Add the three commands; `open_inventory` opens what they work on."""

    @cli.command()
    def scan(
        org: Orgs = None,
        full: Annotated[
            bool, typer.Option("--full", help="Read every app, whether changed or not.")
        ] = False,
        config: Config = None,
        log_level: LogLevel = Level.ERROR,
    ) -> None:
        """Scan Okta and Microsoft now.

        Exit status: 0 every org was scanned; 1 at least one could not be; 2 nothing was scanned.
        """
        run_on(open_inventory, config, lambda context: _scan(context, org, full), log_level)

    @cli.command()
    def apps(
        org: Orgs = None,
        state: Annotated[
            list[State] | None,
            one_of(
                State,
                "--state",
                "Only apps in this state (see docs/evidence.md); may be repeated.",
            ),
        ] = None,
        as_json_: AsJson = False,
        as_csv_: Annotated[
            bool, typer.Option("--csv", help="As CSV, safe to open in a spreadsheet.")
        ] = False,
        config: Config = None,
        log_level: LogLevel = Level.ERROR,
    ) -> None:
        """Show every Office 365 app as last seen, most urgent first.

        Exit status: 0; 1 if an org's last scan failed or never happened; 2 if nothing was shown.
        """
        if as_json_ and as_csv_:
            raise typer.BadParameter("give --json or --csv, not both")
        write = as_json if as_json_ else as_csv if as_csv_ else None

        async def show(context: InventoryContext) -> int:
            wanted = await _orgs(context, org)
            found = await _inventory(context, wanted, state)
            if write is not None:
                typer.echo(write(found), nl=False)
            else:
                _render_apps(found, context)
            failed = any((scan := found.scans.get(name)) is None or scan.failure for name in wanted)
            return PARTLY if failed else DONE

        run_on(open_inventory, config, show, log_level)

    @cli.command()
    def why(
        app: Annotated[
            str, typer.Argument(help="An app's label or part of it, its id, or ORG/ID.")
        ],
        as_json_: AsJson = False,
        config: Config = None,
        log_level: LogLevel = Level.ERROR,
    ) -> None:
        """Show what is known about one app, and how: evidence, age, reasons, people.

        Exit status: 0; 2 when there is no such app, or more than one.
        """
        run_on(open_inventory, config, lambda context: _why(context, app, as_json_), log_level)


async def _scan(context: InventoryContext, org: list[str] | None, full: bool) -> int:
    names = await _orgs(context, org, configured=True)
    replies = Replies(Words(context.language))
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=console(errors=True),
    )

    async def scan_org(name: str) -> OrgScan:
        bar = bars.add_task(replies.scanning(name, 0, 0).summary, total=None)

        async def show(done: int, total: int) -> None:
            label = replies.scanning(name, done, total).summary
            bars.update(bar, description=printable(label), completed=done, total=total)

        scan = await context.scan.org(name, show, full=full)
        bars.update(bar, completed=1, total=1)
        return scan

    with bars:
        scans = await asyncio.gather(*(scan_org(name) for name in names))
    render(replies.scanned(scans), console())
    return PARTLY if any(scan.failure for scan in scans) else DONE


async def _why(context: InventoryContext, name: str, as_json_: bool) -> int:
    words = Words(context.language)
    try:
        record, _ = await named_app(context.ledger, name)
    except ConsentError as error:
        render(Replies(words, in_chat=False).error(error), console(errors=True))
        return FAILED
    found = await _inventory(context, (), None)
    if as_json_:
        typer.echo(why_json(found, record, context.clock.now()), nl=False)
        return DONE
    shown = reasons.why(
        words,
        record,
        context.clock.now(),
        request=found.requests.get(record.request_id),
        prospect=found.prospects.get(record.app.ref),
        in_chat=False,
    )
    render(shown, console())
    return DONE


def _render_apps(found: Inventory, context: InventoryContext) -> None:
    apps, requests, prospects = found.apps, found.requests, found.prospects
    page = Page(
        counts=Counter(app.state for app in apps if not app.is_waived),
        shown=apps,
        requests=requests,
        prospects=prospects,
        unreachable=phrases.count_unreachable(apps, requests, prospects),
        waived=sum(app.is_waived for app in apps),
    )
    words, now = Words(context.language), context.clock.now()
    shown = overview(words, page, found.scans, now, wanted=Wanted(Part.ALL), in_chat=False)
    render(shown, console())


async def _inventory(
    context: InventoryContext, orgs: tuple[str, ...], states: list[State] | None
) -> Inventory:
    """What the ledger holds of these orgs (none named: of all) in these states, sorted."""
    apps = [
        app
        for app in await context.ledger.summaries()
        if (not orgs or app.ref.org in orgs) and (not states or app.state in states)
    ]
    scans = await context.ledger.scans()
    return Inventory(
        tuple(apps),
        {request.id: request for request in await context.ledger.open_requests()},
        await context.ledger.prospects(),
        {name: scans[name] for name in sorted(scans) if not orgs or name in orgs},
    )


async def _orgs(
    context: InventoryContext, wanted: list[str] | None, *, configured: bool = False
) -> tuple[str, ...]:
    """The orgs that are meant: those named, else all of the settings."""
    known = set(context.scan.org_names)
    if not configured:
        known |= (await context.ledger.scans()).keys()
    for name in wanted or ():
        if name not in known:
            there = ", ".join(sorted(known))
            raise typer.BadParameter(f"there is no Okta org {name!r}; there is: {there}")
    return tuple(dict.fromkeys(wanted or context.scan.org_names))
