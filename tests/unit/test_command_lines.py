"""Wrong command lines, of every command: status 2, one message, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
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
    runner, every, cli = CliRunner(), commands(), the_cli()
    assert ("run",) in every
    assert ("audit", "export") in every
    says = ("No such option", "requires an arg", "unexpected extra")
    for words in every:
        many = [] if words == ("release",) else [["x"] * 9]
        for wrong in (["--nonsense"], ["--config"], *many):
            ran = runner.invoke(cli, [*words, *wrong])
            said = " ".join(ran.stderr.split())
            assert ran.exit_code == 2, (words, wrong, ran.exit_code)
            assert any(one in said for one in says), (words, wrong, said)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("audit export --format xml", "--format: 'xml' is none of jsonl, csv."),
        ("run --log-level loud", "--log-level: 'loud' is none of DEBUG, INFO, WARNING, ERROR."),
        ("audit verify --key-file nowhere", "nowhere: cannot be read (No such file or directory)"),
        ("apps --state open", "--state: 'open' is none of not_applicable, needs_consent, "),
        ("run --web --worker", "give --web or --worker; without either, one process does all"),
        ("init", "nobody is there to answer; give --yes, and what you know by options"),
    ],
)
def test_what_can_be_chosen_is_said(words: str, says: str, tmp_path: Path) -> None:
    """The option as it was typed, what there is, and no word of a parser."""
    more = [str(tmp_path)] if words == "init" else []
    ran = CliRunner().invoke(the_cli(), [*words.split(), *more])
    said = " ".join(ran.stderr.replace("│", " ").split()).replace("for '--", "--")
    assert ran.exit_code == 2
    assert says in said.replace("Invalid value --", "--").replace("': '", ": '")
    assert list(tmp_path.iterdir()) == []


def test_a_choice_is_taken_in_any_case() -> None:
    """As people type it."""
    ran = CliRunner().invoke(the_cli(), ["run", "--log-level", "Debug", "--config", "none.toml"])
    assert "none.toml" in ran.stderr
