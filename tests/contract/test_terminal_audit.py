"""`o365bot audit` as a process of its own, on a store with an audit."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import Commit
from adapters.redis.records.trail import Trail
from bot.domain.changes import AuditEntry
from tests.examples import NOW
from tests.stores import lay_down
from tests.terminal import Terminal, settings_file

KEYS = Keys()
KEY = "k" * 32


def entry(n: int, who: str = "slack:U1", **detail: str) -> AuditEntry:
    return AuditEntry(NOW + timedelta(days=n), who, "ask", "contoso/0oa1", {"n": str(n), **detail})


@pytest.fixture
def terminal(redis_url: str, tmp_path: Path) -> Terminal:
    """With a key for the audit."""
    (tmp_path / "audit_key").write_text(KEY + "\n")
    more = f'[audit]\nkey_file = "{tmp_path}/audit_key"\n'
    return Terminal(settings_file(tmp_path, redis_url, more=more))


async def test_each_row_is_a_line_of_json(terminal: Terminal, store: Redis) -> None:
    """With names, and with the head apart from it."""
    trail = Trail(store, KEYS, KEY.encode())
    await trail.commit(Commit(), tuple(entry(n) for n in range(3)))
    ran = await terminal.run("audit", "export")
    assert ran.status == 0, ran.err
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert lines[0] == {
        "number": 1,
        "position": lines[0]["position"],
        "at": "2025-03-03T09:00:00+00:00",
        "actor": "slack:U1",
        "action": "ask",
        "subject": "contoso/0oa1",
        "detail": {"n": "0"},
        "seal": lines[0]["seal"],
    }
    assert ran.err.strip() == f"Head: 3|{lines[2]['seal']}"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--since", "2025-03-04"), ["1", "2", "3"]),
        (("--since", "2025-03-04T10:00"), ["2", "3"]),
        (("--until", "2025-03-04"), ["0", "1"]),
        (("--since", "2025-03-04", "--until", "2025-03-05"), ["1", "2"]),
        (("--until", "2020-01-01"), []),
    ],
)
async def test_a_span_of_days_is_asked_for(
    terminal: Terminal, store: Redis, words: tuple[str, ...], numbers: list[str]
) -> None:
    """The last day included."""
    await Trail(store, KEYS).commit(Commit(), tuple(entry(n) for n in range(4)))
    ran = await terminal.run("audit", "export", *words)
    assert [json.loads(line)["detail"]["n"] for line in ran.out.splitlines()] == numbers


async def test_no_cell_of_the_csv_is_a_formula(terminal: Terminal, store: Redis) -> None:
    """Whoever wrote it; each row is one line below the names of the columns."""
    trail = Trail(store, KEYS)
    bad = entry(1, suggestion="=cmd|' /C calc'!A0", why="a\nb")
    formula = AuditEntry(NOW, "@SUM(1)", "=1+1", "-2", {})
    await trail.commit(Commit(), (bad, formula))
    ran = await terminal.run("audit", "export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["number"] for row in rows] == ["1", "2"]
    assert "cmd" in rows[0]["detail"]
    assert (rows[1]["actor"], rows[1]["action"], rows[1]["subject"]) == ("'@SUM(1)", "'=1+1", "'-2")


async def test_a_siem_follows_and_resumes_where_it_was(terminal: Terminal, store: Redis) -> None:
    """What comes is a line at once; whoever was away goes on behind the last position."""
    trail = Trail(store, KEYS, KEY.encode())
    await trail.commit(Commit(), (entry(1),))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "audit", "export", "--follow"),
        env={**os.environ, "O365BOT_CONFIG": str(terminal.config)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Who runs these tests in the background may have it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        first = json.loads(await process.stdout.readline())
        await trail.commit(Commit(), (entry(2, "slack:U5"),))
        second = json.loads(await process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert b"Traceback" not in err
    assert (first["detail"]["n"], second["detail"]["n"], second["actor"]) == ("1", "2", "slack:U5")
    await trail.commit(Commit(), (entry(3),))
    ran = await terminal.run("audit", "export", "--after", second["position"])
    assert [json.loads(line)["detail"]["n"] for line in ran.out.splitlines()] == ["3"]


async def test_a_whole_audit_is_told_to_be_whole(terminal: Terminal, store: Redis) -> None:
    """Also one that a former release began, and one that was cut off once its head was kept."""
    await lay_down(store, 1)
    await store.delete(KEYS.installation())  # it was another bot's
    ran = await terminal.run("audit", "verify")
    assert ran.status == 0, ran.err
    assert "The audit is intact: 5 rows" in ran.out
    assert "before the key" not in ran.out
    kept = ran.out.partition("Head: ")[2].split()[0]
    assert (await terminal.run("audit", "verify", "--head", kept)).status == 0
    ran = await terminal.run("audit", "verify", "--head", "9|sha256:0")
    assert (ran.status, "row 2 to 9 is missing" in ran.out) == (1, True)


async def test_what_is_wrong_is_named_with_status_1(terminal: Terminal, store: Redis) -> None:
    """Each row that is concerned."""
    trail = Trail(store, KEYS, KEY.encode())
    await trail.commit(Commit(), tuple(entry(n) for n in range(5)))
    found: Any = await store.xrange(KEYS.audit())
    await store.xdel(KEYS.audit(), found[1][0])
    ran = await terminal.run("audit", "verify")
    assert (ran.status, ran.out) == (1, "row 2 is missing\n")
    assert "The audit is not intact" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--since", "yesterday"),
        ("export", "--format", "xml"),
        ("verify", "--head", "7"),
        ("verify", "--key-file", "/nowhere/at/all"),
        ("export", "--after", "; DROP"),
    ],
)
async def test_a_wrong_command_line_is_one_message(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    """And status 2."""
    ran = await terminal.run("audit", *words)
    assert (ran.status, ran.out) == (2, "")
    assert "Traceback" not in ran.err


async def test_a_short_key_is_refused(redis_url: str, tmp_path: Path) -> None:
    """By its name, and without saying it."""
    more = '[audit]\nkey = "short-secret"\n'
    ran = await Terminal(settings_file(tmp_path, redis_url, more=more)).run("audit", "verify")
    assert ran.status == 2
    assert "audit.key" in ran.err
    assert "short-secret" not in ran.err
