"""Every command of the documentation is one that there is, spelt as it is there.

That they do what the pages say, `tests/drills/test_documented.py` tries.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest
import typer.main

from bot.__main__ import the_cli
from tests.documented import PAGES, PROGRAMS, ROOT, Command, blocks, mentions, program, variants

COMMANDS = [one for page in PAGES for one in (*blocks(page), *mentions(page))]


def test_every_page_was_read() -> None:
    """Blocks and mentions; a block that is no shell says what it is."""
    assert len(COMMANDS) > 100
    assert {"README", "deploy", "store", "terminal"} <= {
        one.where.partition(".")[0] for one in COMMANDS if "\n" in one.text or program(one.text)
    }


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.where)
def test_it_is_a_line_of_shell_that_runs_something_known(command: Command) -> None:
    """A new program is added to what is tried, or the block is fenced as what it is."""
    for text in variants(command.text):
        read = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True)
        assert read.returncode == 0, read.stderr
    if "\n" not in command.text:
        assert program(command.text) in PROGRAMS


def parameters(words: list[str]) -> tuple[str, set[str]]:
    """The command that these words come to, and its options."""
    at: Any = typer.main.get_command(the_cli())
    name = "o365bot"
    for word in words:
        below = getattr(at, "commands", {})
        if word not in below:
            assert not below or word.startswith("-"), f"{name} has no {word}"
            break
        at, name = below[word], f"{name} {word}"
    options = {option for one in at.params for option in (*one.opts, *one.secondary_opts)}
    return name, options | {"--help"}


@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if program(one.text) == "o365bot"],
    ids=lambda one: one.where,
)
def test_our_own_has_each_option_that_is_named(command: Command) -> None:
    """By the command line itself."""
    for text in variants(command.text):
        words = shlex.split(text)[1:]
        name, options = parameters(words)
        named = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert named <= options, name


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if program(one.text) == "make"], ids=lambda one: one.where
)
def test_make_has_each_target_and_figure(command: Command) -> None:
    """`ONLY` names a figure that is measured."""
    _, target, *_ = shlex.split(command.text)
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0]
    for word in shlex.split(command.text)[1:]:
        name, _, value = word.partition("=")
        if name == "ONLY":
            figures = "".join(path.read_text() for path in (ROOT / "tests" / target).glob("*.py"))
            assert f'@measures("{value}")' in figures
        elif name not in ("ARGS", "-j"):
            assert name in targets.split()
