"""Every command of the documentation is one that there is, spelt as it is there.

That they do what the pages say, `tests/drills/test_documented.py` tries.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from typing import Any

import typer.main

from bot.__main__ import the_cli
from tests.documented import PAGES, PROGRAMS, ROOT, Command, blocks, mentions, program, variants


@cache
def every() -> tuple[Command, ...]:
    """All that the pages name."""
    return tuple(one for page in PAGES for one in (*blocks(page), *mentions(page)))


def test_every_page_was_read() -> None:
    """Blocks and mentions; a block that is no shell says what it is."""
    assert len(every()) > 100
    assert {"README", "deploy", "store", "terminal"} <= {
        one.where.partition(".")[0] for one in every() if "\n" in one.text or program(one.text)
    }


def ours(name: str) -> list[Command]:
    return [one for one in every() if program(one.text) == name]


def test_each_is_a_line_of_shell_that_runs_something_known() -> None:
    """A new program is added to what is tried, or the block is fenced as what it is."""
    lines = [text for one in every() for text in variants(one.text)]
    read = subprocess.run(["bash", "-n"], input="\n".join(lines), capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    strange = [one for one in every() if "=" not in one.text and program(one.text) not in PROGRAMS]
    assert strange == []


@cache
def whole() -> Any:
    """The command line, with all that is below it."""
    return typer.main.get_command(the_cli())


def parameters(words: list[str]) -> tuple[str, set[str]]:
    """The command that these words come to, and its options."""
    at = whole()
    name = "o365bot"
    for word in words:
        below = getattr(at, "commands", {})
        if word not in below:
            assert not below or word.startswith("-"), f"{name} has no {word}"
            break
        at, name = below[word], f"{name} {word}"
    options = {option for one in at.params for option in (*one.opts, *one.secondary_opts)}
    return name, options | {"--help"}


def test_our_own_has_each_command_and_option_that_is_named() -> None:
    """By the command line itself."""
    for command in ours("o365bot"):
        for text in variants(command.text):
            words = shlex.split(text)[1:]
            name, options = parameters(words)
            named = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert named <= options, f"{command.where}: {name}"


def test_make_has_each_target_and_figure() -> None:
    """`ONLY` names a figure that is measured."""
    (targets,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in ours("make"):
        _, target, *more = shlex.split(command.text)
        assert target in (*targets.split(), "-j"), command.where
        for name, _, value in (word.partition("=") for word in more):
            figures = "".join(path.read_text() for path in (ROOT / "tests" / target).glob("*.py"))
            assert name != "ONLY" or f'@measures("{value}")' in figures, command.where
