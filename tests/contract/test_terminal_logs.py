"""What is logged, as a terminal and as a log collector see it: no secret in either."""

from __future__ import annotations

import asyncio
import os
import pty
import sys

import pytest

from adapters.terminal.logs import blank_secrets

TOKEN = "T" * 43
PASSWORD = "hunter2-hunter2"
BREAKS = f"""
import logging
import structlog
from adapters.terminal.logs import configure

configure()

def redeem(form):
    raise RuntimeError("GET https://bot.contoso.com/c/{TOKEN}")

for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
    try:
        redeem({{"client_secret": "{PASSWORD}"}})
    except RuntimeError:
        log.exception("it broke")
"""


async def breaks(stderr: int) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BREAKS, stderr=stderr)
    assert await process.wait() == 0


def all_of(descriptor: int) -> str:
    """What was written until the other end was closed; a terminal then answers with an error."""
    read = b""
    try:
        while part := os.read(descriptor, 65536):
            read += part
    except OSError:
        return read.decode()
    return read.decode()


@pytest.mark.parametrize("opened", [pty.openpty, os.pipe], ids=["terminal", "pipe"])
async def test_a_traceback_shows_no_secret(opened: object) -> None:
    """No local variables, no link in the error's words; in our lines and in a library's."""
    assert callable(opened)
    ours, theirs = opened()
    try:
        await breaks(theirs)
    finally:
        os.close(theirs)
    written = all_of(ours)
    os.close(ours)
    assert written.count("it broke") == 2
    assert written.count("RuntimeError: GET https://bot.contoso.com/c/[blanked]") == 2
    assert TOKEN not in written
    assert PASSWORD not in written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (f"GET /c/{TOKEN} 200", "GET /c/[blanked] 200"),
        (f"GET https://bot.contoso.com/o/{TOKEN}", "GET https://bot.contoso.com/o/[blanked]"),
        (
            f"/auth/callback?code={TOKEN}.x&state={TOKEN}",
            "/auth/callback?code=[blanked]&state=[blanked]",
        ),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [blanked]"),
        ("xoxb-12-34", "xoxb-[blanked]"),
        ("/r/4711/live", "/r/4711/live"),
    ],
)
def test_what_opens_something_is_blanked_wherever_it_stands(said: str, written: str) -> None:
    """Every address of the web app that holds a token or a code, and what authorizes a call."""
    assert blank_secrets(None, "info", {"event": said}) == {"event": written}
