"""`o365bot init`: a few answers become commented settings, a manifest and a package."""

from __future__ import annotations

import json
import stat
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from bot.__main__ import the_cli
from bot.settings.settings import load
from bot.wiring.terminal.check import problems

ID = "00000000-0000-0000-0000-000000000002"
FLAGS = (
    *("--url", "https://bot.contoso.com", "--okta-url", "https://contoso.okta.com"),
    *("--okta-name", "contoso", "--okta-client-id", "0oa1", "--okta-key-id", "kid1"),
    *("--entra-client-id", ID, "--slack-operator", "U0123", "--slack-operator", "U0124"),
)


def init(*words: str, answers: str = "") -> tuple[int, str, str]:
    ran = CliRunner().invoke(the_cli(), ["init", *words], input=answers)
    return ran.exit_code, ran.stdout, ran.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@cache
def private_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def bring_the_secrets(folder: Path) -> None:
    """What only somebody else can know."""
    (folder / "okta_private_key").write_bytes(private_key())
    (folder / "slack_bot_token").write_text("xoxb-1")
    (folder / "slack_signing_secret").write_text("s1")
    (folder / "teams_app_password").write_text("p1")


def test_with_the_secrets_in_place_what_it_wrote_can_be_used(tmp_path: Path) -> None:
    """Nothing else is to be added; the certificate fits its key, for a year."""
    teams = ("--teams", "--teams-app-id", ID, "--teams-tenant-id", ID, "--teams-operator", ID)
    status, out, _ = init(str(tmp_path / "new"), *FLAGS, *teams, "--yes")
    assert status == 0
    folder = tmp_path / "new"
    bring_the_secrets(folder / "secrets")
    settings = load(folder / "o365bot.toml")
    now = datetime.now(UTC)
    assert problems(settings, now + timedelta(days=364)) == ()
    assert "expired" in problems(settings, now + timedelta(days=366))[0]
    assert settings.okta[0].name == "contoso"
    assert settings.slack is not None
    assert settings.slack.operators == ("U0123", "U0124")
    manifest = json.loads((folder / "slack-manifest.json").read_text())
    assert manifest["settings"]["interactivity"]["request_url"].startswith("https://bot.contoso")
    with zipfile.ZipFile(folder / "o365bot-teams.zip") as package:
        assert json.loads(package.read("manifest.json"))["bots"][0]["botId"] == ID
    assert "o365bot doctor --config" in out
    assert f"{folder / 'secrets' / 'slack_bot_token'}" in out


def test_socket_mode_takes_another_token_and_no_address_for_slack(tmp_path: Path) -> None:
    """An app-level token instead of the signing secret; the manifest has no address."""
    status, out, _ = init(str(tmp_path), *FLAGS, "--slack-socket", "--yes")
    assert status == 0
    bring_the_secrets(tmp_path / "secrets")
    (tmp_path / "secrets" / "slack_signing_secret").unlink()
    (tmp_path / "secrets" / "slack_app_token").write_text("xapp-1")
    settings = load(tmp_path / "o365bot.toml")
    assert problems(settings, datetime.now(UTC)) == ()
    assert settings.slack is not None
    assert settings.slack.app_token is not None
    assert settings.slack.signing_secret is None
    manifest = json.loads((tmp_path / "slack-manifest.json").read_text())
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert "bot.contoso" not in json.dumps(manifest)
    assert "slack_app_token: Slack: Basic Information, App-Level Tokens" in out
    assert "slack_signing_secret" not in out
    assert "Slack need not" in out


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """The folder and what is in it; no secret stands in the settings."""
    assert init(str(tmp_path), *FLAGS, "--yes")[0] == 0
    assert mode(tmp_path / "secrets") == 0o700
    assert mode(tmp_path / "secrets" / "entra_certificate") == 0o600
    assert mode(tmp_path / "o365bot.toml") == 0o600
    assert "PRIVATE KEY-----" not in (tmp_path / "o365bot.toml").read_text()
    assert "PRIVATE KEY-----" not in (tmp_path / "entra.crt").read_text()


def test_each_key_has_its_explanation_and_what_is_open_is_marked(tmp_path: Path) -> None:
    """What was not given waits as a comment, so that the file can be read as it is."""
    status, _, _ = init(
        str(tmp_path), "--url", "https://b.example.com", "--okta-url", "https://c.okta.com", "--yes"
    )
    text = (tmp_path / "o365bot.toml").read_text()
    assert status == 0
    assert tomllib.loads(text)["public_url"] == "https://b.example.com"
    assert '# TODO client_id = ""' in text
    assert "# Where browsers and chat platforms reach o365bot" in text


def test_nothing_is_overwritten_unless_it_is_said(tmp_path: Path) -> None:
    """Not one file of them; with --force all are written anew."""
    (tmp_path / "slack-manifest.json").write_text("mine")
    status, _, err = init(str(tmp_path), *FLAGS, "--yes")
    assert status == 2
    assert "slack-manifest.json: is there already; --force overwrites it" in err
    assert [path.name for path in tmp_path.iterdir()] == ["slack-manifest.json"]
    assert (tmp_path / "slack-manifest.json").read_text() == "mine"
    assert init(str(tmp_path), *FLAGS, "--yes", "--force")[0] == 0
    assert (tmp_path / "slack-manifest.json").read_text() != "mine"


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    """A file stands where the folder should be, which not even root can write into."""
    (tmp_path / "taken").write_text("a file")
    status, _, err = init(str(tmp_path / "taken"), *FLAGS, "--yes")
    assert status == 2
    assert "cannot be written" in err
    (tmp_path / "secrets").write_text("a file")
    status, _, err = init(str(tmp_path), *FLAGS, "--yes")
    assert status == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets", "taken"]


def test_nobody_answers_questions_in_vain(tmp_path: Path) -> None:
    """Where nothing can be written, or settings are there, nothing is asked."""
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "o365bot.toml").write_text("mine")
    for folder, says in ((tmp_path / "taken", "cannot be written"), (tmp_path, "is there already")):
        status, out, err = init(str(folder))
        assert (status, out) == (2, "")
        assert says in err


def test_it_asks_until_an_answer_can_be_used(tmp_path: Path) -> None:
    """With the words of the settings; an empty answer is left for later."""
    answers = "\n".join(
        (
            *("", "http://bot.contoso.com", "https://bot.contoso.com", "fr", "de"),
            *(
                "https://contoso-admin.okta.com",
                "",
                "https://contoso.okta.com",
                "Contoso Ltd",
                "contoso",
                "",
                "",
                "not-an-id",
                "",
            ),
            *("y", "n", "#general", "", "Ada", "U0123, U0124", "n"),
        )
    )
    status, out, err = init(str(tmp_path), answers=answers + "\n")
    assert status == 0, (out, err)
    text = (tmp_path / "o365bot.toml").read_text()
    assert 'language = "de"' in text
    assert 'operators = ["U0123", "U0124"]' in text
    assert "[teams]" not in text
    said_so = ("cannot wait", "expected de or en", "try https://contoso.okta.com", "expected https")
    for said in (*said_so, "up to 31 small letters", "a channel's id", "a member's id"):
        assert said in err


@pytest.mark.parametrize(
    ("flag", "value"), [("--okta-url", "contoso"), ("--slack-operator", "Ada"), ("--url", "x")]
)
def test_a_flag_that_cannot_be_used_is_named(tmp_path: Path, flag: str, value: str) -> None:
    """With status 2, and nothing is written."""
    status, _, err = init(str(tmp_path / "new"), *FLAGS, flag, value, "--yes")
    assert status == 2
    assert f"{flag}: expected" in err
    assert not (tmp_path / "new").exists()
