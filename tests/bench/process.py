"""What one process costs: until the command line answers, until the bot is ready, and in memory.

It is installed as the README says: what only the tests bring along would be imported, too, by
libraries that look for it (redis-py for OpenTelemetry, structlog for greenlet), some 4 MiB of it.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from rich.console import Console

from sandbox.bot_process import BotProcess, free_address
from sandbox.page.stored import Stored
from sandbox.page.transcript import Transcript
from sandbox.page.walk import Walk
from sandbox.world import World
from tests.bench.running import memory_of
from tests.figures import Figure, at_most, measures

ROOT = Path(__file__).parents[2]
READY = 2.5
MEMORY = 150.0
HELP = 0.3


@measures("process")
async def process(tiny: bool) -> list[Figure]:
    """Whole processes, as somebody starts them."""
    with tempfile.TemporaryDirectory() as name:
        program = Path(sys.executable).with_name("o365bot") if tiny else installed(Path(name))
        helped = [await seconds_of(program, "--help") for _ in range(1 if tiny else 9)]
        ready, size = await walked(program, 1 if tiny else 3)
    return [
        at_most("process: o365bot --help", statistics.median(helped), HELP, "s"),
        at_most("process: until it is ready", ready, READY, "s"),
        at_most("process: memory after the walk", size, MEMORY, "MiB"),
    ]


def installed(folder: Path) -> Path:
    """The program, in an environment that holds what is shipped and nothing else."""
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check")
    lock = ("--require-hashes", "--requirement", "requirements.lock")
    for what in (lock, ("--no-deps", ".")):
        subprocess.run([*pip, *what], cwd=ROOT, check=True)
    return folder / "bin" / "o365bot"


async def seconds_of(program: Path, *words: str) -> float:
    """How long `o365bot` takes with these words, from start to end."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return time.perf_counter() - began


async def walked(program: Path, starts: int) -> tuple[float, float]:
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
                async with BotProcess(settings, home / "log", url, program=program) as bot:
                    took.append(time.perf_counter() - began)
                    if number == starts - 1:
                        await world.start_chat()
                        said = Transcript(Console(file=io.StringIO()))
                        async with Stored(home / "var") as stored:
                            await Walk(world, stored, said).run()
                        return statistics.median(took), memory_of(bot.pid)
    raise AssertionError("at least one start")
