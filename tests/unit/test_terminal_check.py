"""`o365bot check`: what is wrong with the settings, and what may not be meant."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import typer
from typer.testing import CliRunner

from adapters.terminal.cli import build_cli
from bot.settings.whole import Settings

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
        open_desk=nothing,  # type: ignore[arg-type]  # never called
        open_rehearsal=nothing,  # type: ignore[arg-type]  # never called
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
    assert (status, out) == (0, "The settings are valid: Okta orgs contoso; chat in Slack.\n")
    assert err == "Warning: campaign.targets.1.on (2020-02-03) has passed: its apps are overdue.\n"


def test_without_a_settings_file_it_says_how_to_name_one() -> None:
    """In one sentence, and with the status of a wrong setting."""
    status, _, err = check()
    assert status == 2
    assert "No settings file given: use --config FILE or set O365BOT_CONFIG." in err


def test_a_log_level_that_is_none_is_refused_with_those_there_are() -> None:
    """As wrong usage, before anything is read."""
    cli = a_cli()
    wrong = CliRunner().invoke(cli, ["run", "--log-level", "loud"])
    assert wrong.exit_code == 2
    assert "warning" in wrong.stderr
