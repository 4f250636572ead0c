"""A secret that is about to be committed is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What this project has to do with, put together here so that this file holds none.
TOKEN = "Qx7LmV2tRb9KcZ4W" + "nY8sPd3HfJ6gTa1E"
HEX = "".join(("8f3b1", "c9d0e", "7a2c4", "f6b1d", "08e3a", "9c57d", "e1"))
PLANTED = {
    "slack bot token": f"xoxb-{2345678901}-{2345678902}-{TOKEN}",
    "slack bot token of another shape": f"xoxb-{TOKEN}",
    "slack app token": f"xapp-1-A02{TOKEN[:8].upper()}-{23456789012}-{'0a1b2c3d' * 8}",
    "slack webhook": f"https://hooks.slack.com/{'services'}/T02AAAA/B02BBBB/{TOKEN}",
    "slack signing secret": f'signing_secret = "{HEX}"',
    "okta api token": f"Authorization: SSWS 00{TOKEN}AbCdEfG-",
    "entra client secret": f"client_secret: abc8{'Q~'}{TOKEN}_-",
    "private key": f"-----BEGIN {'RSA PRIVATE'} KEY-----",
    "encrypted private key": f"-----BEGIN {'ENCRYPTED PRIVATE'} KEY-----",
    "token of a sign-in": "eyJhbGciOiJSUzI1NiJ9" + ".eyJvaWQiOiJhIn0" + ".c2lnbmF0dXJlc2lnbmF0dXJl",
    "store with a password": f"redis://:{TOKEN}@store.example.com:6379",
    "store with a user": f"rediss://bot:{TOKEN}@store.example.com:6379",
    "store by sentinels": f"redis+sentinel://:{TOKEN}@one.example.com:26379/main",
    "mail server": f"smtp://bot:{TOKEN}@mail.example.com",
    "hook secret": f'hook_secret = "{TOKEN}{TOKEN[::-1]}"',
}


def test_a_committed_secret_is_found(tmp_path: Path) -> None:
    """By its shape, with the very settings of `make check`; a harmless file is passed."""
    files = {name: tmp_path / f"{number}.txt" for number, name in enumerate(PLANTED)}
    for name, path in files.items():
        path.write_text(f"{PLANTED[name]}\n")
    fine = tmp_path / "fine.py"
    fine.write_text('password = "hunter2"\n')
    hook = Path(sys.executable).with_name("detect-secrets-hook")
    command = [str(hook), "--baseline", str(ROOT / ".secrets.baseline")]
    said = subprocess.run(
        [*command, *map(str, files.values()), str(fine)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert said.returncode == 1
    assert [name for name, path in files.items() if str(path) not in said.stdout] == []
    assert str(fine) not in said.stdout
