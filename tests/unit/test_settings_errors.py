"""Whatever stands in the settings, what is said about it is plain, whole, and about the right key.

Each key of each section is given one wrong value after the other.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from bot.chat.words import languages
from bot.errors import SettingsInvalid
from bot.settings.errors import problems
from bot.settings.settings import Settings, load
from bot.settings.variables import CONFIG_VARIABLE
from tools.docs import sections

GOOD = """
public_url = "https://bot.contoso.com"
[redis]
[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
api_token = "x"
[entra]
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = "x"
[sign_in]
[links]
[slack]
bot_token = "xoxb-x"
signing_secret = "x"
[teams]
app_id = "00000000-0000-0000-0000-000000000001"
app_password = "x"
tenant_id = "00000000-0000-0000-0000-000000000001"
[traces]
url = "https://collector.contoso.com/v1/traces"
[mail]
host = "smtp.contoso.com"
user = "bot@contoso.com"
password = "x"
sender = "bot@contoso.com"
domains = ["contoso.com"]
[mail.bounces]
host = "imap.contoso.com"
user = "bot@contoso.com"
password = "x"
[limits]
[people]
[campaign]
[[campaign.targets]]
on = 2027-01-15
[campaign.windows.due]
[operators_page]
[monitoring]
[webhook]
url = "https://tickets.contoso.com/o365bot"
secret = "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
[retention]
[audit]
[rehearsal]
"""
# Each brings about a line that no other one does.
WRONG: tuple[object, ...] = (
    *("", "x y", "\0", "https://[", "https://x:99999", "2027-99-99", "0000-01-01", "GET"),
    *(True, -1, 10**30, float("nan"), [], ["\0"], {"x": 1}, {"x": "y"}, [{"x": 1}]),
    *(date(9999, 12, 31), datetime(2027, 1, 15, 9, tzinfo=UTC)),
)
LIBRARY = re.compile(
    r"pydantic|should|[Vv]alid\b|invalid|pattern|tuple|instance|literal|input|string\b|integer"
    r"|dictionary|Extra|required|Value error|codec|character in|unable|permitted|parsing"
    r"|null byte|not what is expected here"
)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in os.environ:  # also others' names: each would be compared with each key
        monkeypatch.delenv(name)


def keys() -> Iterator[tuple[str, ...]]:
    """The path of each key in the file, the `_file` form of secrets too."""
    within = {"okta": "okta.0", "campaign.targets": "campaign.targets.0"}
    within["campaign.windows"] = "campaign.windows.due"
    every: dict[str, type[BaseModel]] = {"": Settings, **sections()}
    for name, section in every.items():
        for key, field in section.model_fields.items():
            path = tuple(filter(None, (*within.get(name, name).split("."), key)))
            yield path
            if field.annotation in (SecretStr, SecretStr | None):
                yield (*path[:-1], f"{key}_file")


def said(values: dict[str, Any]) -> tuple[str, ...]:
    try:
        Settings.model_validate(values)
    except ValidationError as error:
        return problems(error, Settings)
    return ()


def told(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = tmp_path / "o365bot.toml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load(path)
    return caught.value.problems


@pytest.mark.parametrize("path", tuple(keys()), ids=".".join)
def test_no_wrong_value_is_answered_in_a_librarys_words(path: tuple[str, ...]) -> None:
    """Nor with a traceback, nor about another key than the one that is wrong."""
    good = tomllib.loads(GOOD)
    heard: set[str] = set()
    for value in WRONG:
        values = copy.deepcopy(good)
        place: Any = values
        for part in path[:-1]:
            place = place[int(part) if part.isdigit() else part]
        place[path[-1]] = value
        heard.update(said(values))
    assert heard, "no value at all is wrong for it"
    for line in heard:
        assert not LIBRARY.search(line), line
        assert "\n" not in line


def test_every_wrong_key_is_told_whatever_else_is_wrong(tmp_path: Path) -> None:
    """A secret given twice, a file that is not there and a section that is missing hide nothing."""
    found = told(
        tmp_path,
        f"""
        language = "fr"
        [[okta]]
        name = "contoso"
        url = "ftp://contoso.okta.com"
        [entra]
        client_id = 7
        certificate_file = "{tmp_path / "none.pem"}"
        [sign_in]
        auth_context = "mfa"
        [campaign]
        per_week = 9
        [campaign.windows.approaching]
        begins = 2
        [campaign.windows.overdue]
        every = 1
        """,
    )
    assert found == (
        "public_url: is missing (or O365BOT_PUBLIC_URL)",
        "language: expected de or en",
        "okta.0.url: expected an address such as https://example.com",
        "okta.0.api_token: give client_id and private_key and key_id, or an api_token instead",
        "entra.client_id: expected text in quotes",
        f"entra.certificate: certificate_file ({tmp_path / 'none.pem'}) cannot be read: "
        "No such file or directory",
        "sign_in.auth_context: expected c1 to c99",
        "teams: give slack or teams (or both)",
        "campaign.windows.approaching.begins (2) must be more than that of imminent (5); try 20",
        "campaign.windows.overdue.every: 1 would send a message every working day for weeks or "
        "months; try 3",
        "campaign.per_week: expected at most 7",
    )


def test_without_any_settings_it_is_said_how_to_name_them() -> None:
    """Not which of dozens of keys are missing."""
    with pytest.raises(SettingsInvalid) as caught:
        load()
    assert caught.value.problems == (
        f"No settings file given: use --config FILE or set {CONFIG_VARIABLE}. "
        "o365bot init writes one.",
    )


def test_the_languages_that_may_be_set_are_those_that_there_are() -> None:
    """A catalogue more is a language more."""
    for language in languages():
        assert said({**tomllib.loads(GOOD), "language": language}) == ()


def test_a_target_is_for_what_there_is(tmp_path: Path) -> None:
    """An org that nobody configured would never be reminded, and nobody would notice."""
    found = told(
        tmp_path,
        GOOD
        + """
        [[campaign.targets]]
        on = 2027-01-15
        org = "nosuchorg"
        [[campaign.targets]]
        on = 2027-01-15
        app = "nosuchorg/0oa1"
        """,
    )
    assert found == (
        "campaign.targets.1.org: there is no org 'nosuchorg'; there is: contoso",
        "campaign.targets.2.app: there is no org 'nosuchorg'; there is: contoso",
    )


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ('on = 2027-01-15\napp = "0oa1"', "app: expected org/app id such as contoso/"),
        ("on = 2019-12-31", "on: expected a date from 2020-01-01 to 2100-12-31"),
        ("on = 9999-12-31", "on: expected a date from 2020-01-01 to 2100-12-31"),
    ],
)
def test_a_target_that_can_be_none_is_refused(tmp_path: Path, target: str, says: str) -> None:
    """Days are counted one by one, so the year 9999 is too far."""
    (line,) = told(tmp_path, f"{GOOD}\n[[campaign.targets]]\n{target}\n")
    assert line.startswith(f"campaign.targets.1.{says}")
