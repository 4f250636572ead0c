"""A machine of its own below a folder: a home, the sources, nothing installed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

import httpx

from tests.documented import ROOT
from tests.waiting import wait_until

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Ran:
    """The status of what was typed, and what it said."""

    status: int
    said: str


@dataclass(frozen=True)
class Machine:
    """`root` stands for `/`: what belongs to root lies below it, as nobody is root here."""

    root: Path
    home: Path
    sources: Path

    @classmethod
    def new(cls, folder: Path) -> Self:
        machine = cls(folder / "root", folder / "home", folder / "sources")
        for path in (machine.root / "bin", machine.home, machine.sources):
            path.mkdir(parents=True)
        copy_sources(machine.sources)
        return machine

    def placed(self, text: str) -> str:
        """With what lies outside of the home put below `root`."""
        return re.sub(r"(?<![\w~.])/(opt|etc|run|backups|var/lib)/", rf"{self.root}/\1/", text)

    def stand_in(self, name: str, script: str) -> None:
        """A program that there is none of here."""
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Of a new user: nothing of the bot, what was installed, and this Python."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("O365BOT_", "VIRTUAL_"))}
        python = Path(sys.executable).resolve().parent
        before = (self.root / "bin", self.home / "o365bot" / "bin", python)
        path = os.pathsep.join([*map(str, before), plain.get("PATH", "")])
        return plain | {"HOME": str(self.home), "PATH": path, "PYTHONPATH": "", "COLUMNS": "200"}

    async def start(
        self,
        command: str,
        more: Mapping[str, str] = NOTHING,
        folder: Path | None = None,
        output: Path | None = None,
    ) -> asyncio.subprocess.Process:
        """As somebody types it, by default in the folder of the sources."""
        text = self.placed(command)
        simple = "\n" not in text and "&&" not in text
        with output.open("wb") if output else nullcontext(asyncio.subprocess.PIPE) as out:
            return await asyncio.create_subprocess_exec(
                *("bash", "-e", "-c", f"exec {text}" if simple else text),
                cwd=folder or self.sources,
                env=self.environment | dict(more),
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
            )

    async def run(
        self,
        command: str,
        typed: str = "",
        more: Mapping[str, str] = NOTHING,
        folder: Path | None = None,
    ) -> Ran:
        """To its end; `typed` is what is answered to its questions."""
        process = await self.start(command, more, folder)
        out, _ = await asyncio.wait_for(process.communicate(typed.encode()), 300)
        return Ran(process.returncode or 0, out.decode())

    async def started(
        self, command: str, ready: str, more: Mapping[str, str], *signals: int
    ) -> Ran:
        """Until `ready` answers, after each signal again; then ended by SIGTERM."""
        log = self.root / "log"
        process = await self.start(command, more, output=log)

        async def answers() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    return (await client.get(ready)).is_success
                except httpx.TransportError:
                    assert process.returncode is None, log.read_text()[-900:]
                    return False

        try:
            for signum in (*signals, signal.SIGTERM):
                await wait_until(answers, within=60, what=f"{command} is ready")
                process.send_signal(signum)
            status = await asyncio.wait_for(process.wait(), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ran(status, log.read_text())


def copy_sources(to: Path) -> None:
    """What is committed of what an installation takes."""
    parts = ["bot", "adapters", "deploy", "*.md", "*.toml", "*.lock", "*.yml", "LICENSE"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *parts], cwd=ROOT, capture_output=True, check=True
    )
    packed = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", "--file=-"],
        cwd=ROOT,
        input=listed.stdout,
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "--extract", "--file=-"], cwd=to, input=packed.stdout, check=True)
