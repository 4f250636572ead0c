"""`o365bot`: the command line's entry. Heavy imports wait until a command needs them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.terminal.audit import AuditDesk, add_audit_commands
from adapters.terminal.backup import add_backup_commands
from adapters.terminal.cli import build_cli
from adapters.terminal.desk import Desk
from adapters.terminal.init import add_init_command
from adapters.terminal.platforms import add_platform_commands
from adapters.terminal.waivers import WaiverDesk, add_waiver_commands
from bot.chat.words import Words
from bot.domain.delivery.deliveries import Delivery
from bot.ports.backup import Vault
from bot.role import Role
from bot.services.campaign.rehearse import Rehearse
from bot.settings.whole import Settings

if TYPE_CHECKING:
    import typer

    from bot.bootstrap import Bot
    from bot.services.doctor import Doctor


def main() -> None:
    """Run the command line."""
    the_cli()()


def the_cli() -> typer.Typer:
    """Every command."""
    cli = build_cli(
        serve=_serve,
        examine=_examine,
        open_desk=_desk,
        open_rehearsal=_rehearsal,
        open_doctor=_doctor,
    )
    add_platform_commands(cli, _slack_manifest, _teams_package)
    add_init_command(cli, _slack_manifest, _teams_package, _certificate)
    add_waiver_commands(cli, _waivers)
    add_audit_commands(cli, _audit)
    add_backup_commands(cli, _vault, _settle, _release)
    return cli


def _examine(settings: Settings) -> tuple[str, ...]:
    """What cannot be used is raised, what soon cannot is returned."""
    from bot.check import examine, soon_over

    now = datetime.now(UTC)
    examine(settings, now)
    return ("entra.certificate is over within 30 days.",) if soon_over(settings, now) else ()


def _serve(read: Callable[[], Settings], role: Role) -> None:
    asyncio.run(_run(read, role))


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[Desk]:
    """The store and the clouds, without the chat platforms and the web server."""
    from bot.foundation import open_foundation

    async with open_foundation(settings) as base:
        yield Desk(base.ledger, base.scan, base.clock, settings.language)


@asynccontextmanager
async def _rehearsal(settings: Settings) -> AsyncIterator[Rehearse]:
    """What the commands about the campaign look at; it sends nothing."""
    from bot.bootstrap import open_rehearsal

    async with open_rehearsal(settings) as rehearse:
        yield rehearse


@asynccontextmanager
async def _doctor(settings: Settings) -> AsyncIterator[Doctor]:
    """What tests the connections; beside a running bot, or without one."""
    from bot.examination import open_doctor

    async with open_doctor(settings) as doctor:
        yield doctor


@asynccontextmanager
async def _waivers(settings: Settings) -> AsyncIterator[WaiverDesk]:
    """What the commands about waivers work on; a running bot sends what follows."""
    from bot.bootstrap import open_waivers

    async with open_waivers(settings) as (ledger, waive, clock):
        yield WaiverDesk(ledger, waive, clock, settings.language)


@asynccontextmanager
async def _vault(settings: Settings) -> AsyncIterator[Vault]:
    """The store as a whole."""
    from bot.foundation import open_vault

    async with open_vault(settings) as vault:
        yield vault


async def _settle(settings: Settings, by: str) -> Sequence[Delivery]:
    from bot.bootstrap import settle_restored

    return await settle_restored(settings, by)


async def _release(settings: Settings, keys: Iterable[str], by: str) -> int:
    from bot.bootstrap import release_held

    return await release_held(settings, keys, by)


@asynccontextmanager
async def _audit(settings: Settings) -> AsyncIterator[AuditDesk]:
    """What the commands about the audit work on."""
    from bot.foundation import open_foundation

    async with open_foundation(settings) as base:
        yield AuditDesk(base.trail, settings.audit.sealing_key)


def _slack_manifest(public_url: str, words: Words, socket_mode: bool) -> Mapping[str, Any]:
    from adapters.slack.manifest import manifest

    return manifest(public_url, words, socket_mode)


def _teams_package(
    public_url: str,
    app_id: str,
    publisher: str,
    version: str,
    words: Callable[[str], Words],
    targeted: bool,
) -> bytes:
    from adapters.teams.package import package

    return package(public_url, app_id, publisher, version, words, targeted)


def _certificate(now: datetime) -> tuple[str, str]:
    from adapters.entra.certificate import make

    return make(now)


async def _run(read: Callable[[], Settings], role: Role) -> None:
    """Serve and work until SIGINT or SIGTERM, then drain both. While it starts they end it, too.

    At SIGHUP the settings are read again, and what can be is taken over.
    """
    from bot.bootstrap import collect_rarely, open_bot

    settings = read()
    loop, starting = asyncio.get_running_loop(), asyncio.current_task()
    assert starting is not None
    told_to_stop = False

    def stop() -> None:
        nonlocal told_to_stop
        told_to_stop = True
        starting.cancel()

    _on_signals(lambda: loop.call_soon_threadsafe(stop))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    collect_rarely()
    try:
        async with open_bot(settings, role) as bot:
            # uvicorn stops at these signals, then raises them again with the handler that was there
            # before it. With the default one the process would end before the store is shut down.
            _on_signals(lambda: None)
            if not told_to_stop:
                async with _reloading(bot, read):
                    await _serve_and_work(bot, settings, role)
    except asyncio.CancelledError:
        if not told_to_stop:
            raise


@asynccontextmanager
async def _reloading(bot: Bot, read: Callable[[], Settings]) -> AsyncIterator[None]:
    """At each SIGHUP the settings are taken over as far as they can be; the log says how far."""
    from adapters.terminal.logs import say_reload
    from bot.errors import O365BotError

    loop, one_reloads = asyncio.get_running_loop(), asyncio.Lock()
    running: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        async with one_reloads:
            try:
                found = await bot.reload(await asyncio.to_thread(read))
            except O365BotError as error:
                say_reload(failure=str(error))
            else:
                say_reload(found.taken, found.waiting)

    def begin() -> None:
        task = asyncio.create_task(reload(), name="reload")
        running.add(task)
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _on_signals(act: Callable[[], object]) -> None:
    def handle(signum: int, frame: object) -> None:
        act()

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, handle)


async def _serve_and_work(bot: Bot, settings: Settings, role: Role) -> None:
    """Both, as far as the role has them, until the one or the other ends."""
    from adapters.web.server import make_server
    from bot.bootstrap import DRAIN

    listen = settings.listen if role.serves else settings.worker_listen
    server = make_server(bot.app, listen, trusted_proxies=settings.trusted_proxies)
    if not role.works:
        await server.serve()
        return
    work = asyncio.create_task(bot.engine.run(), name="engine")
    work.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve()
    finally:
        work.cancel()
        await asyncio.wait([work], timeout=DRAIN)
        if not work.done():  # such as a scan that waits for a rate limit: it goes on elsewhere
            work.cancel()
            await asyncio.wait([work])
    if not work.cancelled():
        work.result()  # the engine ended by itself: say why


if __name__ == "__main__":
    main()
