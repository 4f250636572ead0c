"""What one process costs: until the command line answers, until the bot is ready, and in memory."""

from __future__ import annotations

import asyncio
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from sandbox.bot_process import BotProcess, free_address
from sandbox.page.stored import Stored
from sandbox.page.transcript import Transcript
from sandbox.page.walk import Walk
from sandbox.world import World
from tests.bench.running import memory_of
from tests.figures import Figure, at_most, measures

READY = 2.5
MEMORY = 150.0
HELP = 0.3


@measures("process")
async def process(tiny: bool) -> list[Figure]:
    """Whole processes, as somebody starts them."""
    helped = [await seconds_of("--help") for _ in range(1 if tiny else 9)]
    ready, size = await walked(1 if tiny else 3)
    return [
        at_most("process: o365bot --help", statistics.median(helped), HELP, "s"),
        at_most("process: until it is ready", ready, READY, "s"),
        at_most("process: memory after the walk", size, MEMORY, "MiB"),
    ]


async def seconds_of(*words: str) -> float:
    """How long `o365bot` takes with these words, from start to end."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("o365bot"),
        *words,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return time.perf_counter() - began


async def walked(starts: int) -> tuple[float, float]:
    """Seconds until /health is well, the median of so many starts with a fresh store; and the
    resident memory (MiB) of the last one once it has done the whole main job.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with World(page_port=None, key_directory=folder / "keys") as world:
            took = []
            for number in range(starts):
                home, url = folder / str(number), free_address()
                settings = world.settings_toml(url, home)
                began = time.perf_counter()
                async with BotProcess(settings, home / "log", url) as bot:
                    took.append(time.perf_counter() - began)
                    if number == starts - 1:
                        await world.start_chat()
                        said = Transcript(Console(file=io.StringIO()))
                        async with Stored(home / "var") as stored:
                            await Walk(world, stored, said).run()
                        return statistics.median(took), memory_of(bot.pid)
    raise AssertionError("at least one start")
