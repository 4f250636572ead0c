"""`python -m sandbox demo`: the whole thing on this machine, and the main job walked once.

python -m sandbox demo           walk, then stay up to play in, until Ctrl-C
python -m sandbox demo --exit    walk, then stop: status 0, or 1 when a step did not hold
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sandbox.bot_process import BotFailed, BotProcess, free_address
from sandbox.page.stored import Stored, end_orphan
from sandbox.page.transcript import Transcript
from sandbox.page.walk import Walk, WalkFailed
from sandbox.world import PAGE_PORT, World

DIRECTORY = Path("var/demo")


class DemoFailed(Exception):
    """The demo cannot start; the message says why, and what to do."""


def main() -> int:
    """The exit status: 0 well, 1 a step did not hold, 2 the demo could not start, 130 stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__.split("\n")[0])
    demo_parser = parser.add_subparsers(required=True, metavar="demo").add_parser("demo")
    demo_parser.add_argument("--exit", action="store_true", help="stop after the walk")
    demo_parser.add_argument("--directory", type=Path, default=DIRECTORY, help="where its data is")
    demo_parser.add_argument("--port", type=int, default=PAGE_PORT, help="of the page to play in")
    given = parser.parse_args()
    transcript = Transcript()
    try:
        return asyncio.run(_until_told(transcript, given))
    except DemoFailed as error:
        transcript.note(str(error), "red")
        return 2


async def _until_told(transcript: Transcript, given: argparse.Namespace) -> int:
    """Run the demo; Ctrl-C and SIGTERM end it in order, whatever it is doing."""
    running = asyncio.ensure_future(
        demo(transcript, given.directory.absolute(), given.port, stay=not given.exit)
    )
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        transcript.note("Stopped.")
        return 130


async def demo(transcript: Transcript, directory: Path, port: int, *, stay: bool) -> int:
    """Start the world and the bot, walk, and stay up if wanted. Raises DemoFailed."""
    log = directory / "bot.log"
    with _only_one(directory) as lock:
        await _clear(directory)
        transcript.note(
            f"A fresh store and settings in {_shown(directory)}, the bot's log in {_shown(log)}."
        )
        async with World(key_directory=directory / "keys", page_port=port) as world:
            transcript.line("sandbox", _what_is_up(world))
            url = free_address()
            settings = world.settings_toml(url, directory, targeted=True)
            try:
                async with (
                    BotProcess(settings, log, url, keeps=(lock.fileno(),)) as bot,
                    Stored(directory / "var") as stored,
                ):
                    transcript.line("bot", f"is up at {url}, with its store; /health is well")
                    await _connect(world)
                    transcript.line("sandbox", "Slack has verified the bot, Teams has installed it")
                    await Walk(world, stored, transcript).run()
                    transcript.note(
                        f"\nThe main job held from end to end: {transcript.lines} lines "
                        f"in {transcript.elapsed:.1f} s.",
                        "bold green",
                    )
                    world.faults.demote, world.faults.revive = stored.demote, bot.revive
                    if stay:
                        await _stay(transcript, world, bot)
            except (WalkFailed, BotFailed) as error:
                transcript.note(f"\nFAILED: {error}", "bold red")
                transcript.note(f"The bot's log is {_shown(log)}.")
                return 1
    return 0


async def _connect(world: World) -> None:
    """Have Slack and Teams start to send to the bot. Raises BotFailed when it does not answer."""
    try:
        await world.start_chat()
    except TimeoutError:
        raise BotFailed("The bot does not answer Slack and Teams.") from None
    except RuntimeError as error:
        raise BotFailed(f"{error}.") from error


async def _stay(transcript: Transcript, world: World, bot: BotProcess) -> None:
    transcript.note(f"\nThe page to play in: {world.page_url}", "bold")
    transcript.note("Ctrl-C ends it.")
    try:
        await bot.wait()
        while (killing := world.faults.killing) is not None:  # from the page
            world.faults.killing = None
            await killing
            await bot.wait()
    except asyncio.CancelledError:  # the way out, and no failure
        transcript.note("Stopped.")
        return
    raise BotFailed("The bot ended by itself.")


def _what_is_up(world: World) -> str:
    company = world.company
    apps = sum(len(org.apps) for org in company.orgs.values())
    return (
        f"a pretend Slack and Teams, {len(company.orgs)} Okta orgs with {apps} Office 365 apps, "
        f"{len(company.tenants)} Entra tenants are up"
    )


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[IO[str]]:
    """Hold the directory's lock, which the bot inherits: so it lasts until both have ended.

    Raises DemoFailed when another demo has it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+")
    except OSError as error:
        raise DemoFailed(f"{_shown(directory)} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DemoFailed(
                f"A demo, or the bot of one that was killed, is running in {_shown(directory)} "
                f"already ({lock.read().strip()}). End it first, or give another --directory."
            ) from None
        lock.truncate(0)
        lock.write(f"started by process {os.getpid()}\n")
        lock.flush()
        yield lock


async def _clear(directory: Path) -> None:
    """Every demo starts from nothing, apart from the keys, which take long to make."""
    data = directory / "var"
    await end_orphan(data)
    shutil.rmtree(data, ignore_errors=True)
    (directory / "bot.log").unlink(missing_ok=True)


def _shown(path: Path) -> str:
    """The path as people at this prompt would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
