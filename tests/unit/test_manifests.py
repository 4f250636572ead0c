"""What is uploaded to Slack and Teams, held against their own schemas and limits."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft4Validator
from PIL import Image
from typer.testing import CliRunner

from adapters.slack.manifest import SCOPES, manifest
from adapters.teams.package import package
from adapters.terminal.cli import build_cli
from adapters.terminal.commands.platforms import add_platform_commands
from bot.chat.typed.commands import Unclear
from bot.chat.typed.understanding import parse
from bot.chat.words import Words, languages

ROOT = Path(__file__).parents[2]
URL = "https://bot.contoso.com"
APP_ID = "00000000-0000-0000-0000-000000000001"


def schema(name: str) -> Any:
    return json.loads((ROOT / "tests" / "schemas" / name).read_text())


def unpacked(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def teams_files() -> dict[str, bytes]:
    return unpacked(package(URL, APP_ID, "Contoso IT", "1.2.3", Words))


def test_the_teams_manifest_is_valid_by_microsofts_schema() -> None:
    """And so are its translations."""
    files = teams_files()
    Draft4Validator(schema("teams-v1.29.json")).validate(json.loads(files["manifest.json"]))
    translations = sorted(n for n in files if n.endswith(".json") and n != "manifest.json")
    assert translations == [f"{one}.json" for one in sorted(languages()) if one != "en"]
    for name in translations:
        Draft4Validator(schema("teams-v1.29.localization.json")).validate(json.loads(files[name]))


def test_the_teams_package_has_all_that_its_manifest_names() -> None:
    """Icons and languages lie at its root, and the links of messages are of a known domain."""
    files = teams_files()
    told = json.loads(files["manifest.json"])
    named = {*told["icons"].values(), "manifest.json"}
    named |= {one["file"] for one in told["localizationInfo"]["additionalLanguages"]}
    assert set(files) == named
    assert told["validDomains"] == ["bot.contoso.com"]
    assert told["bots"][0]["botId"] == APP_ID
    assert all(files[icon].startswith(b"\x89PNG") for icon in told["icons"].values())


def test_the_icons_are_as_teams_wants_them() -> None:
    """Microsoft Learn, "Teams app icons": 192 pixels full of colour; 32 of white on nothing."""
    files = teams_files()
    color = Image.open(io.BytesIO(files["color.png"])).convert("RGBA")
    outline = Image.open(io.BytesIO(files["outline.png"])).convert("RGBA")
    assert (color.size, outline.size) == ((192, 192), (32, 32))
    assert color.getchannel("A").getextrema() == (255, 255)
    assert {outline.getchannel(one).getextrema() for one in "RGB"} == {(255, 255)}
    assert 0 in outline.getchannel("A").getextrema()


def test_what_was_asked_in_person_is_offered_in_a_personal_chat_alone() -> None:
    """In a channel operators command, and who was asked has nothing to say."""
    (bot,) = json.loads(teams_files()["manifest.json"])["bots"]
    listed = {
        scope: {command["title"] for command in one["commands"]}
        for one in bot["commandLists"]
        for scope in one["scopes"]
    }
    asked = {"mine", "verify", "later", "notme", "away"}
    assert asked <= listed["personal"]
    for scope in ("team", "groupChat"):
        assert not asked & listed[scope]
        assert {"apps", "send", "help"} <= listed[scope]


def test_the_bots_registration_may_install_this_app() -> None:
    """Microsoft Learn, "Proactive installation of apps using Graph API": `webApplicationInfo`."""
    assert json.loads(teams_files()["manifest.json"])["webApplicationInfo"] == {"id": APP_ID}


def test_a_package_made_again_is_the_same() -> None:
    """The same app is updated, not a second one made."""
    assert package(URL, APP_ID, "x", "1.0.0", Words) == package(URL, APP_ID, "x", "1.0.0", Words)


def test_every_listed_command_is_one() -> None:
    """Teams types what was chosen from the list."""
    (bot,) = json.loads(teams_files()["manifest.json"])["bots"]
    for listed in bot["commandLists"]:
        for command in listed["commands"]:
            example = command["description"].rpartition(": ")[2]
            words = example if example.startswith(command["title"]) else command["title"]
            assert not isinstance(parse(words), Unclear), words


@pytest.mark.parametrize("targeted", [False, True])
def test_commands_stand_behind_a_slash_where_answers_are_for_the_asker_alone(
    targeted: bool,
) -> None:
    """Teams calls both by one name; the manifest stays valid with either."""
    zipped = package(URL, APP_ID, "Contoso IT", "1.2.3", Words, targeted)
    made = json.loads(unpacked(zipped)["manifest.json"])
    (bot,) = made["bots"]
    assert bot["supportsTargetedMessages"] is targeted
    assert all(("slash" in one["triggers"]) is targeted for one in bot["commandLists"])
    Draft4Validator(schema("teams-v1.29.json")).validate(made)


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_slack_manifest_keeps_slacks_limits(language: str) -> None:
    """docs.slack.dev/reference/app-manifest, "Fields"; every address is this installation's."""
    made = manifest(URL, Words(language))
    shown = made["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    (command,) = made["features"]["slash_commands"]
    assert command["command"] == "/o365"
    (shortcut,) = made["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", "about")
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert re.findall(r"https?://[^\"]+", json.dumps(made)) == [f"{URL}/slack/events"] * 3


def test_by_socket_mode_slack_is_told_no_address() -> None:
    """docs.slack.dev, "Using Socket Mode": the bot connects, so nothing is to be called."""
    made = manifest(URL, Words("en"), socket_mode=True)
    assert made["settings"]["socket_mode_enabled"] is True
    assert URL not in json.dumps(made)


def test_every_scope_that_slack_is_asked_for_is_explained() -> None:
    """docs/slack.md has a row for each, and no other."""
    page = (ROOT / "docs" / "slack.md").read_text()
    section = page.partition("## What each scope is for")[2].partition("\n## ")[0]
    rows = "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))
    assert sorted(re.findall(r"`([a-z.:_]+)`", rows)) == sorted(SCOPES)


def run(*words: str) -> tuple[int, str, str]:
    never = dict.fromkeys(("serve", "examine", "open_inventory", "open_planner", "open_doctor"))
    cli = build_cli(**never)  # type: ignore[arg-type]  # none is called
    add_platform_commands(cli, manifest, package)
    ran = CliRunner().invoke(cli, words, env={"O365BOT_CONFIG": None})
    return ran.exit_code, ran.stdout, ran.stderr


def test_both_can_be_made_before_there_are_settings(tmp_path: Path) -> None:
    """The tokens that settings need are had only once the app is there."""
    status, out, _ = run("slack", "manifest", "--url", URL)
    assert status == 0
    assert json.loads(out) == manifest(URL, Words("en"))
    made = tmp_path / "app.zip"
    asked = ("teams", "package", "--url", URL, "--app-id", APP_ID, "--out", str(made))
    assert run(*asked)[0] == 0
    assert "manifest.json" in unpacked(made.read_bytes())
    assert run(*asked, "--version", "1.2.4")[0] == 0
    assert json.loads(unpacked(made.read_bytes())["manifest.json"])["version"] == "1.2.4"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("slack", "manifest", "--url", "bot.contoso.com"), "--url: expected an address"),
        (("slack", "manifest"), "use --config FILE"),
        (("teams", "package", "--url", URL, "--app-id", "o365bot"), "--app-id: expected an id"),
        (
            ("teams", "package", "--url", URL, "--app-id", APP_ID, "--version", "1.2"),
            "--version: expected three numbers",
        ),
        (
            ("teams", "package", "--url", URL, "--app-id", APP_ID, "--out", "missing/app.zip"),
            "missing/app.zip: cannot be written",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named(words: tuple[str, ...], says: str) -> None:
    """One line, and status 2."""
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert says in err
