"""`make demo ARGS=--exit`: one command, the whole journey, a status that can be trusted."""

from __future__ import annotations

import asyncio
import fcntl
import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.page.transcript import Transcript
from sandbox.page.walk import Walk, WalkFailed
from tests.scenario.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEPS = (
    "bot       is up",
    "/o365 apps",
    "Office 365 apps left; 1 of 10 done",
    "in Teams: @O365 bot which O365 apps need migration",
    "/o365 who Office 365 HQ in full",
    "I would ask Gita Global",
    "/o365 remind",
    "where everybody can read it",
    "presses “Post the reminder”",
    "in Slack, #o365-migration: 9 Office 365 apps are not done yet",
    "in Teams, O365 migration: 9 Office 365 apps are not done yet",
    "/o365 send Office 365 HQ",
    "to Gita, directly: Please connect Office 365 HQ",
    "opens her link again",
    "presses “Sign in and take it on”",
    "store     unchanged by that",
    "signs in at her tenant's Microsoft as gita@contoso.example",
    "the acknowledgement, in Redis",
    "signed_in_mfa, shown by amr",
    "tells any other browser: “This link has already been used",
    "changes its message to Gita in place",
    "which button is there, and presses “Authenticate with Microsoft Office 365”",
    "presses “Save”",
    "presses “I have saved it”, and her page follows: “Office 365 HQ is done",
    "Office 365 HQ: migrated (How I know: proven",
    "the request is done",
    "to Fay, directly: Bitte verbinden Sie Office 365 Fabrikam mit Microsoft",
    "Fay       in Slack: was fehlt noch?",
    "wartet auf Sie",
    "The main job held from end to end",
)


async def run_demo(directory: Path) -> tuple[int, str]:
    """Status and transcript of a demo that stops after the walk."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox", "demo", "--exit", "--port", "0", "--directory", str(directory)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(300):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_demo_walks_the_main_job_in_order(tmp_path: Path) -> None:
    """Every step stands in the transcript, one after the other, and the status is 0."""
    status, transcript = await run_demo(tmp_path)
    at = 0
    for step in STEPS:
        assert step in transcript[at:], f"{step!r} is not, or not in its place, in:\n{transcript}"
        at = transcript.index(step, at)
    assert status == 0, transcript
    assert "Traceback" not in transcript
    assert not (tmp_path / "var" / "store" / "valkey.pid").exists(), "the store has ended"


async def test_a_second_demo_in_the_same_place_is_refused(tmp_path: Path) -> None:
    """The store of a running demo is not pulled away from under it."""
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, said = await run_demo(tmp_path)
    assert status == 2
    assert "is running" in said


async def test_a_step_that_does_not_hold_ends_the_walk_with_a_sentence(stage: Stage) -> None:
    """Slack takes no answers: the walk says which question stayed open, within its deadline."""
    transcript = Transcript(Console(file=io.StringIO()))
    stage.world.down.add("slack")
    try:
        async with stage.stored() as stored:
            with pytest.raises(WalkFailed, match="/o365 apps was not answered"):
                await Walk(stage.world, stored, transcript, within=1).run()
    finally:
        stage.world.down.clear()
