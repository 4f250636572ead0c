"""`o365bot check`: what is wrong with the settings, and what may not be meant."""

from __future__ import annotations

import inspect
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import typer
from typer.testing import CliRunner

from adapters.terminal.cli import build_cli
from adapters.terminal.lazy import SUMMARIES, front
from bot.__main__ import the_cli
from bot.settings.settings import Settings

GOOD = """
public_url = "https://bot.contoso.com"
[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
client_id = "x"
private_key = "x"
key_id = "x"
[slack]
bot_token = "xoxb-x"
signing_secret = "x"
operators = ["U0123"]
[[campaign.targets]]
on = 2099-01-15
"""


def nothing(settings: Settings) -> AbstractAsyncContextManager[object]:
    raise AssertionError("check opens nothing")


def a_cli() -> typer.Typer:
    return build_cli(
        serve=nothing,  # type: ignore[arg-type]  # never called
        examine=lambda settings: (),
        open_inventory=nothing,  # type: ignore[arg-type]  # never called
        open_planner=nothing,  # type: ignore[arg-type]  # never called
        open_doctor=nothing,  # type: ignore[arg-type]  # never called
    )


def check(*words: str) -> tuple[int, str, str]:
    cli = a_cli()
    ran = CliRunner().invoke(cli, ["check", *words], env={"O365BOT_CONFIG": None})
    return ran.exit_code, ran.stdout, ran.stderr


def test_a_date_that_is_past_is_warned_of_and_no_error(tmp_path: Path) -> None:
    """Okta's own date is past as well; but a slip of the pen should be seen."""
    path = tmp_path / "o365bot.toml"
    path.write_text(GOOD)
    assert check("--config", str(path))[::2] == (0, "")
    path.write_text(f"{GOOD}[[campaign.targets]]\non = 2020-02-03\n")
    status, out, err = check("--config", str(path))
    assert status == 0
    # A key of the right form may be revoked, or another's.
    assert out == (
        "The settings are valid: Okta orgs contoso; chat in Slack. "
        "Whether the other side takes the keys, o365bot doctor tells.\n"
    )
    assert err == "Warning: campaign.targets.1.on (2020-02-03) has passed: its apps are overdue.\n"


def test_without_a_settings_file_it_says_how_to_name_one() -> None:
    """In one sentence, and with the status of a wrong setting."""
    status, _, err = check()
    assert status == 2
    assert "No settings file given: use --config FILE or set O365BOT_CONFIG." in err


def test_the_door_knows_every_command_as_it_is() -> None:
    """It lists them without loading one, so its list must be theirs."""
    real = typer.main.get_command(the_cli())
    told = {
        name: inspect.cleandoc(command.help or "").partition("\n\n")[0].replace("\n", " ")
        for name, command in real.commands.items()  # type: ignore[attr-defined]  # a group
    }
    assert dict(SUMMARIES) == told


def test_help_imports_nothing_that_the_commands_stand_on() -> None:
    """Or it would take a second instead of a fifth of one."""
    heavy = ("pydantic", "structlog", "redis", "httpx", "babel", "asyncio", "starlette")
    code = (
        "import sys; sys.argv = ['o365bot', '--help']\n"
        "from bot.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"assert not [m for m in {heavy!r} if m in sys.modules]"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant() -> None:
    """With status 2, as all wrong usage."""
    ran = CliRunner().invoke(front(the_cli), ["chek"])
    assert ran.exit_code == 2
    assert "Did you mean 'check'?" in ran.stderr
