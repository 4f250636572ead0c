"""What is logged, as a terminal and as a log collector see it: no secret in either."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import pty
import re
import sys
import time

import pytest

from adapters.terminal.redaction import redact_secrets, redact_text
from adapters.terminal.repeat_filter import RepeatFilter

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
        (f"https://bot.contoso.com/s/{TOKEN}", "https://bot.contoso.com/s/[blanked]"),
        (f"next=https%3A%2F%2Fbot%2Fc%2F{TOKEN}", "next=https%3A%2F%2Fbot%2Fc%2F[blanked]"),
        (
            f"https%253A%252F%252Fbot%252fc%252f{TOKEN}",
            "https%253A%252F%252Fbot%252fc%252f[blanked]",
        ),
        (
            f"/auth/callback?code={TOKEN}.x&state={TOKEN}",
            "/auth/callback?code=[blanked]&state=[blanked]",
        ),
        ("code=0.AXYAabc-1&grant_type=x", "code=[blanked]&grant_type=x"),
        ("u%3Fcode%3D0.AXYAabc-1%26x", "u%3Fcode%3D[blanked]"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [blanked]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [blanked]"),
        ("xoxb-12-34", "xoxb-[blanked]"),
        ("xapp-1-A02-3-abc", "xapp-[blanked]"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJhIn0.c2ln said", "eyJ[blanked] said"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJhIn0.", "eyJ[blanked]"),
        ("redis://user:pa/ss@w@store:6379/0", "redis://[blanked]@store:6379/0"),
        ("rediss://:pw@store/0 refused", "rediss://[blanked]@store/0 refused"),
        ("redis+sentinel://u:p@a:1,b:2/m", "redis+sentinel://[blanked]@a:1,b:2/m"),
        ("redis://store/0?password=pw1", "redis://store/0?password=[blanked]"),
        ("https://user:pw@proxy.contoso.com:8080/x", "https://[blanked]@proxy.contoso.com:8080/x"),
        ("https://contoso.com/u?upn=ada@contoso.com", "https://contoso.com/u?upn=ada@contoso.com"),
        (
            "POST https://hooks.slack.com/commands/T1/2/abc",
            "POST https://hooks.slack.com/[blanked]",
        ),
        ("{'client_secret': 'x1', 'a': 1}", "{'client_secret': '[blanked]', 'a': 1}"),
        ('{"refresh_token":"x1"}', '{"refresh_token":"[blanked]"}'),
        ("client_assertion=abc&x=1", "client_assertion=[blanked]&x=1"),
        ("password: hunter2", "password: [blanked]"),
        ("Cookie: __Host-o365bot-session=abc; x=y", "Cookie: [blanked]"),
        (f"the token is {TOKEN}.", "the token is [blanked]."),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", None),
        ("abc8Q~" + "x" * 34, None),
        ("00" + "y" * 40, None),
        # What tells what is wrong stays.
        ("/r/4711/live", "/r/4711/live"),
        ("TokenInvalid: it has expired", "TokenInvalid: it has expired"),
        ("AADSTS65004: User declined", "AADSTS65004: User declined"),
        ("ada@contoso.com was asked", "ada@contoso.com was asked"),
        ("a" * 64, "a" * 64),
    ],
)
def test_what_opens_something_is_blanked_wherever_it_stands(said: str, written: str | None) -> None:
    """As a text, as bytes, nested, as a key, in an exception, and as an object's repr."""

    class Odd:
        def __repr__(self) -> str:
            return said

    blank = redact_text(said)
    if written is None:
        assert re.fullmatch(r"(-----BEGIN PRIVATE KEY-----)?\[blanked\]", blank)
    else:
        assert blank == written
    told = {
        "event": said,
        "bytes": said.encode(),
        "nested": [{"a": (said,)}, {said: 1}],
        "error": ValueError(said),
        "odd": Odd(),
    }
    assert redact_secrets(None, "info", dict(told)) == {
        "event": blank,
        "bytes": blank,
        "nested": [{"a": [blank]}, {blank: 1}],
        "error": blank,
        "odd": blank,
    }


def test_what_stands_under_a_secrets_name_is_blanked_at_any_depth() -> None:
    """Whatever it is; how deep it goes has an end."""
    endless: dict[str, object] = {}
    endless["more"] = endless
    told = {
        "a": {"client_secret": "x", "b": [{"Authorization": b"x"}]},
        "tokens": ["x"],
        "response_url": "https://x",
        "private": False,
        "endless": endless,
    }
    written = redact_secrets(None, "info", told)
    assert written["a"] == {"client_secret": "[blanked]", "b": [{"Authorization": "[blanked]"}]}
    assert (written["tokens"], written["response_url"]) == ("[blanked]", "[blanked]")
    assert written["private"] is False
    assert "…" in str(written["endless"])


def record(said: object, *args: object, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("o365bot", level, "x.py", 1, said, args, None)


def test_the_same_failure_is_written_once_a_second() -> None:
    """Whatever differs in numbers; the next one says how many there were. Other failures pass."""
    now = [0.0]
    repeats = RepeatFilter(lambda: now[0])
    flood = [record("accept failed on fd %d at 0x7f%d", n, n) for n in range(1000)]
    assert [one for one in flood if repeats.filter(one)] == flood[:1]
    assert repeats.filter(record("something else"))
    ours = [
        record({"event": "hook refused", "org": "contoso", "request_id": str(n)})
        for n in range(1000)
    ]
    assert [one for one in ours if repeats.filter(one)] == ours[:1]
    assert repeats.filter(record({"event": "hook refused", "org": "fabrikam"}))
    told = [record("request", level=logging.INFO) for _ in range(10)]
    assert all(map(repeats.filter, told))
    now[0] = 1.0
    after, of_ours = flood[1], ours[1]
    assert repeats.filter(after)
    assert "(and 999 more like it)" in after.getMessage()
    assert repeats.filter(of_ours)
    assert isinstance(of_ours.msg, dict)
    assert of_ours.msg["repeated"] == 999


def test_what_is_remembered_of_failures_has_an_end() -> None:
    """However many kinds of them there are."""
    repeats = RepeatFilter(lambda: 0.0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for one in itertools.product(letters, repeat=3):
        assert repeats.filter(record("".join(one)))
    assert sum(map(len, map(str, vars(repeats).values()))) < 200_000


@pytest.mark.parametrize(
    "piece",
    [
        *("a.", "eyJa.", "-eyJaaaaaa", "eyJaaaaaa.", "3F", "26token", "token", "secret-", "a://"),
        *("redis://", "a:", "password ", "Cookie", "aaa1Q~", "00y", "%253D", "/c/", "Bearer ", "-"),
    ],
)
def test_a_long_text_is_blanked_in_one_pass(piece: str) -> None:
    """Whatever somebody sends to be logged: ten times as long takes ten times, not a hundred."""
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    blank = redact_text(text)
    assert time.process_time() - began < 5  # a hundredth of what reading it again and again takes
    assert len(blank) < 33_000, "no line of a log is without end"
