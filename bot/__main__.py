"""`o365bot`: the command line's entry. Heavy imports wait until a command needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.terminal.lazy import front

if TYPE_CHECKING:
    import typer

    from adapters.terminal.commands.store.audit import AuditContext
    from adapters.terminal.commands.store.forget import ForgetContext
    from adapters.terminal.commands.waivers import WaiverContext
    from adapters.terminal.context import InventoryContext
    from bot.chat.words import Words
    from bot.domain.delivery.deliveries import Delivery
    from bot.ports.store.backup import BackupStore
    from bot.role import Role
    from bot.services.campaign.planning import Planner
    from bot.services.campaign.restored import WrittenSince
    from bot.services.doctor import Doctor
    from bot.settings.settings import Settings


def main() -> None:
    """Run the command line."""
    front(the_cli)()


def the_cli() -> typer.Typer:
    """Every command, with all that it takes to describe them."""
    from adapters.terminal.cli import build_cli
    from adapters.terminal.commands.init import add_init_command
    from adapters.terminal.commands.platforms import add_platform_commands
    from adapters.terminal.commands.store.audit import add_audit_commands
    from adapters.terminal.commands.store.backup import add_backup_commands
    from adapters.terminal.commands.store.forget import add_forget_command
    from adapters.terminal.commands.waivers import add_waiver_commands

    cli = build_cli(
        serve=_serve,
        examine=_examine,
        open_inventory=_context,
        open_planner=_planner,
        open_doctor=_doctor,
    )
    add_platform_commands(cli, _slack_manifest, _teams_package)
    add_init_command(cli, _slack_manifest, _teams_package, _certificate)
    add_waiver_commands(cli, _waivers)
    add_audit_commands(cli, _audit)
    add_backup_commands(cli, _backup_store, _sent_since, _settle, _held, _release)
    add_forget_command(cli, _forget)
    return cli


def _examine(settings: Settings) -> tuple[str, ...]:
    """What cannot be used is raised, what soon cannot is returned."""
    from bot.wiring.terminal.check import examine, soon_over

    now = datetime.now(UTC)
    examine(settings, now)
    return ("entra.certificate is over within 30 days.",) if soon_over(settings, now) else ()


def _serve(read: Callable[[], Settings], role: Role) -> None:
    import asyncio

    from bot.wiring.process import run

    asyncio.run(run(read, role))


@asynccontextmanager
async def _context(settings: Settings) -> AsyncIterator[InventoryContext]:
    """The store and the clouds, without the chat platforms and the web server."""
    from adapters.terminal.context import InventoryContext
    from bot.wiring.base import open_base

    async with open_base(settings) as base:
        yield InventoryContext(base.ledger, base.scan, base.clock, settings.language)


@asynccontextmanager
async def _planner(settings: Settings) -> AsyncIterator[Planner]:
    """What the commands about the campaign look at; it sends nothing."""
    from bot.wiring.terminal.commands import open_planner

    async with open_planner(settings) as planner:
        yield planner


@asynccontextmanager
async def _doctor(settings: Settings) -> AsyncIterator[Doctor]:
    """What tests the connections; beside a running bot, or without one."""
    from bot.wiring.terminal.doctor import open_doctor

    async with open_doctor(settings) as doctor:
        yield doctor


@asynccontextmanager
async def _waivers(settings: Settings) -> AsyncIterator[WaiverContext]:
    """What the commands about waivers work on; a running bot sends what follows."""
    from adapters.terminal.commands.waivers import WaiverContext
    from bot.wiring.terminal.commands import open_waivers

    async with open_waivers(settings) as (ledger, waive, clock):
        yield WaiverContext(ledger, waive, clock, settings.language)


@asynccontextmanager
async def _backup_store(settings: Settings) -> AsyncIterator[BackupStore]:
    """The store as a whole."""
    from bot.wiring.base import open_backup_store

    async with open_backup_store(settings) as backup_store:
        yield backup_store


async def _sent_since(settings: Settings, at: datetime) -> WrittenSince:
    from bot.wiring.terminal.commands import sent_since

    return await sent_since(settings, at)


async def _settle(
    settings: Settings, by: str, at: datetime, since: WrittenSince | None
) -> Sequence[Delivery]:
    from bot.wiring.terminal.commands import settle_restored

    return await settle_restored(settings, by, at, since)


async def _held(settings: Settings) -> Sequence[str]:
    from bot.wiring.terminal.commands import held_since_restored

    return await held_since_restored(settings)


async def _release(settings: Settings, keys: Iterable[str], by: str, last: bool) -> int:
    from bot.wiring.terminal.commands import release_held

    return await release_held(settings, keys, by, last=last)


@asynccontextmanager
async def _forget(settings: Settings) -> AsyncIterator[ForgetContext]:
    """Finding somebody, and forgetting them."""
    import secrets
    from functools import partial

    from adapters.redis.upkeep.personal_data import RedisPersonalData
    from adapters.terminal.commands.store.forget import ForgetContext
    from bot.services.people.forget import Found, find, forget
    from bot.wiring.base import open_records

    async with open_records(settings) as records:
        tenants = frozenset().union(*(await records.ledger.tenants()).values())
        personal_data = RedisPersonalData(
            records.redis,
            records.keys,
            records.trail,
            tenants,
            tuple(org.name for org in settings.okta),
        )

        async def do(found: Found, by: str) -> Mapping[str, int]:
            alias = f"forgotten-{secrets.token_hex(4)}"
            return await forget(
                records.ledger, personal_data, found, alias, by, records.clock.now()
            )

        yield ForgetContext(partial(find, records.ledger), do)


@asynccontextmanager
async def _audit(settings: Settings) -> AsyncIterator[AuditContext]:
    """What the commands about the audit work on."""
    from adapters.terminal.commands.store.audit import AuditContext
    from bot.wiring.base import open_records

    async with open_records(settings) as records:
        yield AuditContext(records.trail, settings.audit.sealing_key)


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


if __name__ == "__main__":
    main()
