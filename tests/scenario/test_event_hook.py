"""Okta tells, the bot looks: a Save is known within seconds, long before the next scan."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from adapters.web.server import make_server
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.settings.whole import load
from bot.wiring.bot import open_bot
from sandbox.world import World
from tests.there import there
from tests.waiting import wait_until


async def test_a_save_in_okta_is_known_within_seconds(tmp_path: Path, keys: Path) -> None:
    """The hook is verified, told of the Save with its secret, and just that app is looked at."""
    async with World(key_directory=keys, page_port=None) as world:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            settings = load(world.settings_toml(url, tmp_path))
            async with open_bot(settings) as bot:
                server = make_server(bot.app, settings.listen)
                serving = asyncio.create_task(server.serve(sockets=[listening]))
                working = asyncio.create_task(bot.engine.run())
                try:
                    await world.start_chat()
                    assert all(hook.verified for hook in world.hooks.hooks.values())
                    await bot.scan.org("contoso")
                    org = world.company.org("contoso")
                    research = next(a for a in org.apps if a.label == "Office 365 Research")
                    ref = AppRef("contoso", research.id)

                    world.company.press_authenticate("contoso", ref.app_id, "gita@contoso.example")
                    world.company.press_save("contoso", ref.app_id)

                    async def known() -> bool:
                        record = await bot.ledger.app(ref)
                        return record is not None and record.state(bot.scan.now()) is State.MIGRATED

                    await wait_until(known, within=20, what="the Save is known")
                    record = there(await bot.ledger.app(ref))
                    kinds = {evidence.kind for evidence in record.evidence}
                    assert EvidenceKind.SETTINGS_SAVED in kinds
                    assert world.hooks.hooks["contoso"].statuses == [200]
                finally:
                    working.cancel()
                    server.should_exit = True
                    await asyncio.gather(working, serving, return_exceptions=True)
