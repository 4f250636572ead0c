"""The commands of the documentation, taken from its pages.

A block that is indented or fenced as `sh` is shell; what stands two spaces further on explains it.
Elsewhere a command stands between backticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
NO_SHELL = {"toml", "json", "yaml", "mermaid", "text"}
"""What else a fence may hold."""


PROGRAMS = {
    *("o365bot", "make", "pip", "pipx", "python3", "detect-secrets"),
    *("openssl", "sed", "cat", "install", "curl", "redis-cli"),
    *("docker", "kubectl", "systemctl", "journalctl", "systemd-analyze"),
}


def program(text: str) -> str:
    """What a line of shell runs."""
    return text.removeprefix("sudo ").split()[0].rpartition("/")[2]


@dataclass(frozen=True)
class Command:
    """`text` is one line of shell; `where` is its page and line."""

    where: str
    text: str


def blocks(page: Path) -> Iterator[Command]:
    """Each command of the page's blocks of shell, in their order.

    A block that sets a variable is one command, for the lines below use it.
    """
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info not in NO_SHELL | {"sh"}:
            raise AssertionError(f"{page.name}: a fence must say what it holds, not {token.info!r}")
        if token.type == "code_block" or (token.type == "fence" and token.info == "sh"):
            first = (token.map or [0])[0] + (2 if token.type == "fence" else 1)
            if re.search(r"^\w+=", token.content, re.MULTILINE):
                yield Command(f"{page.name}:{first}", token.content.strip())
                continue
            for line, text in _lines(token.content):
                yield Command(f"{page.name}:{first + line}", text)


def _lines(content: str) -> Iterator[tuple[int, str]]:
    """Each command with the number of its line; a `\\` at the end goes on."""
    begun, whole = 0, ""
    for number, line in enumerate(content.splitlines()):
        if not whole:
            if not line or line[0] == " ":  # explains the line before
                continue
            begun = number
        if line.endswith("\\"):
            whole += line.removesuffix("\\").strip() + " "
            continue
        whole += line.strip() if whole else re.split(r" {2,}", line)[0]
        yield begun, whole
        whole = ""


def mentions(page: Path) -> Iterator[Command]:
    """Each command between backticks: what begins with a program, and has a word after it."""
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for one in token.children or ():
            command = one.type == "code_inline" and " " in one.content
            if command and program(one.content) in PROGRAMS:
                yield Command(f"{page.name}:{(token.map or [0])[0] + 1}", one.content)


def variants(text: str) -> Iterator[str]:
    """What a line of our own with `[choices]` stands for: without any, and with each by itself."""
    if program(text) != "o365bot":
        yield text
        return
    text = text.replace("…", "")
    bare = re.sub(r" *\[[^]]*\]", "", text)
    yield bare
    for group in re.findall(r"\[([^]]*)\]", text):
        first, *others = (one.strip() for one in group.split("|"))
        yield f"{bare} {first}"
        option = "" if others and others[0].startswith("--") else first.rpartition(" ")[0]
        yield from (f"{bare} {option} {one}".replace("  ", " ") for one in others)
