"""One process of the bot: start, end, and the signals that it hears. Part of the wiring."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import socket

from adapters.terminal.logs import say_reload
from adapters.web.server import listening, make_server
from bot.errors import O365BotError
from bot.role import Role
from bot.settings.settings import Settings
from bot.wiring.bot import DRAIN, Bot, open_bot, tune_gc


async def run(read: Callable[[], Settings], role: Role) -> None:
    """Serve and work until SIGINT or SIGTERM, then drain both. While it starts they end it, too.

    At SIGHUP the settings are read again, and what can be is taken over.
    """
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
    tune_gc()
    sockets = (
        listening(settings.listen, "listen")
        if role.serves
        else listening(settings.worker_listen, "worker_listen")
    )
    try:
        async with open_bot(settings, role) as bot:
            # uvicorn stops at these signals, then raises them again with the handler that was there
            # before it. With the default one the process would end before the store is shut down.
            _on_signals(lambda: None)
            if not told_to_stop:
                async with _reloading(bot, read):
                    await _serve_and_work(bot, settings, role, sockets)
    except asyncio.CancelledError:
        if not told_to_stop:
            raise
    finally:
        for one in sockets:
            one.close()


@asynccontextmanager
async def _reloading(bot: Bot, read: Callable[[], Settings]) -> AsyncIterator[None]:
    """At each SIGHUP the settings are taken over as far as they can be; the log says how far."""
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


async def _serve_and_work(bot: Bot, settings: Settings, role: Role, sockets: list[socket]) -> None:
    """Both, as far as the role has them, until one of them ends, or the store is overtaken."""
    listen = settings.listen if role.serves else settings.worker_listen
    server = make_server(bot.app, listen, trusted_proxies=settings.trusted_proxies)
    beside = [asyncio.create_task(bot.watch_for_newer_release(), name="store's form")]
    if role.works:
        beside.append(asyncio.create_task(bot.engine.run(), name="engine"))
    for task in beside:
        task.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve(sockets=sockets)
    finally:
        for task in beside:
            task.cancel()
        _, working = await asyncio.wait(beside, timeout=DRAIN)
        for task in working:  # such as a scan that waits for a rate limit: it goes on elsewhere
            task.cancel()
            await asyncio.wait([task])
    for task in beside:
        if not task.cancelled():
            task.result()  # it ended by itself: say why
