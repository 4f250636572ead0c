"""Wrong command lines, of every command: status 2, one message, before anything is read."""

from __future__ import annotations

import typer.main
from typer.testing import CliRunner

from bot.__main__ import the_cli


def commands() -> list[tuple[str, ...]]:
    """Each command's words."""
    found: list[tuple[str, ...]] = []

    def walk(command: object, words: tuple[str, ...]) -> None:
        below = getattr(command, "commands", None)
        if below is None:
            found.append(words)
        for name, one in (below or {}).items():
            walk(one, (*words, name))

    walk(typer.main.get_command(the_cli()), ())
    return found


def test_a_wrong_command_line_of_every_command_ends_with_status_2() -> None:
    """An option that there is not, one without its value, and a word too many."""
    runner, every = CliRunner(), commands()
    assert ("run",) in every
    assert ("audit", "export") in every
    says = ("No such option", "requires an arg", "unexpected extra")
    for words in every:
        many = [] if words == ("release",) else [["x"] * 9]
        for wrong in (["--nonsense"], ["--config"], *many):
            ran = runner.invoke(the_cli(), [*words, *wrong])
            said = " ".join(ran.stderr.split())
            assert ran.exit_code == 2, (words, wrong, ran.exit_code)
            assert any(one in said for one in says), (words, wrong, said)
