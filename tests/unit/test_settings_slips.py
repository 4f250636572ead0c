"""Slips of a hurried operator that used to pass at start, and failed in silence later."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.settings.settings import load
from tests.there import there
from tests.unit.test_settings import GOOD, problems, written

TOKEN = 'api_token = "ssws-hush"'
BASE, ORG = "https://bot.contoso.com/", "https://contoso.okta.com"
ID = "00000000-0000-0000-0000-000000000001"
AGAIN = '[[okta]]\nname = "{}"\nurl = "{}"\napi_token = "ssws-hush"\n[entra]'
TARGET = "[[campaign.targets]]\non = 2027-01-15\n"
SIGN_IN, LINKS = "[sign_in]\n", "[links]\nminimum_proof = "

# What is replaced in good settings, by what ("" is replaced at their end), and what is said then:
# about this key, and no other.
Slip = tuple[str, str, str, str]
SLIPS: dict[str, list[Slip]] = {
    "an address on which no link can be built": [
        (BASE, "https://bot.contoso.com/o365bot", "public_url",
         "without a path; try https://bot.contoso.com"),
        (BASE, "https://bot contoso.com", "public_url", "plain ASCII"),
        (BASE, "https://bücher.example", "public_url", "plain ASCII"),
        (BASE, "https://bot.contoso.com\\\\x", "public_url", "plain ASCII"),
        (BASE, "https://bot.contoso.com:0", "public_url", "expected an address"),
        (BASE, "https://bot..contoso.com", "public_url", "expected an address"),
        (BASE, "https://-bot.contoso.com", "public_url", "expected an address"),
        (BASE, "https://.contoso.com", "public_url", "expected an address"),
        (BASE, "https://[fe80::1%25eth0]", "public_url", "expected an address"),
    ],
    "an address of a cloud where nothing answers": [
        (ORG, "https://contoso.okta.com/api/v1", "okta.0.url", "try https://contoso.okta.com"),
        (ORG, "https://contoso-admin.okta.com", "okta.0.url",
         "Admin Console's address; try https://contoso.okta.com"),
        (ORG, "https://x-admin.oktapreview.com", "okta.0.url", "try https://x.oktapreview.com"),
        (ORG, "https://contoso-admin.okta.com/admin/dashboard", "okta.0.url",
         "try https://contoso.okta.com"),
        ("[slack]", 'login_url = "https://graph.microsoft.us/v1.0"\n[slack]', "entra.login_url",
         "without a path"),
        ("[slack]", 'graph_url = "https://graph.microsoft.us/v1.0"\n[slack]', "entra.graph_url",
         "without a path"),
    ],
    "a port that does not exist": [
        (f'"{BASE}"', f'"{BASE}"\nlisten = "{listen}"', "listen", "host and a port")
        for listen in ("127.0.0.1:99999", "127.0.0.1:0", "::1:80", ":8080", "8080")
    ],
    "a name where an id is meant": [
        ('operators = ["U0123"]', 'operators = ["@ada"]', "slack.operators.0", "member's id"),
        ('operators = ["U0123"]', 'operators = ["ada@x.com"]', "slack.operators.0", "member's id"),
        (f'tenant_id = "{ID}"', 'tenant_id = "contoso.com"', "teams.tenant_id", "an id"),
        (f'app_id = "{ID}"', 'app_id = "my bot"', "teams.app_id", "an id"),
        ('app_password = "', 'operators = ["a@b.c"]\napp_password = "', "teams.operators.0", "id"),
        ('app_password = "', 'channel = "General"\napp_password = "', "teams.channel", "%3A"),
        ('app_password = "', 'channel = "19%3Ax%40y.tacv2"\napp_password = "', "teams.channel",
         ":"),
        ('app_password = "', 'service_urls = []\napp_password = "', "teams.service_urls", "one"),
        (f'client_id = "{ID}"', 'client_id = "o365bot"', "entra.client_id", "an id"),
        (f'client_id = "{ID}"', f'client_id = "{ID}"\nokta_app_names = [" "]',
         "entra.okta_app_names.0", "a name"),
        (f'client_id = "{ID}"', f'client_id = "{ID}"\nokta_app_names = []', "entra.okta_app_ids",
         "give okta_app_names or okta_app_ids"),
        ("", '[campaign]\ncountry = "EU"\n', "campaign.country", "two letters"),
        ("", '[campaign]\ncountry = "ZZ"\n', "campaign.country", "two letters"),
        ("", f'{TARGET}tenant = "contoso.com"\n', "campaign.targets.0.tenant", "an id"),
    ],
    "a display name, which denies nobody": [
        ("", '[people]\ndenied = ["Break Glass 1"]\n', "people.denied.0", ""),
        ("", '[people]\ndenied = [" bg@contoso.com"]\n', "people.denied.0", ""),
        ("", '[people]\nnot_break_glass = [""]\n', "people.not_break_glass.0", ""),
        ("", '[people]\nowners = {"adm" = "ada@contoso.com"}\n', "people.owners.adm", ""),
        ("", '[people]\nowners = {"adm@contoso.com" = "Ada Moreau"}\n',
         "people.owners.adm@contoso.com", ""),
    ],
    "a secret without content, such as an unset variable": [
        (f'"{secret}"', f'"{nothing}"', key, "must not be empty")
        for nothing in ("", "  ")
        for secret, key in (
            ("ssws-hush", "okta.0.api_token"),
            ("xoxb-hush", "slack.bot_token"),
            ("sign-hush", "slack.signing_secret"),
            ("teams-hush", "teams.app_password"),
            ("pem-hush", "entra.certificate"),
            ("rediss://:redis-hush@redis.contoso.com:6379", "redis.url"),
        )
    ],
    "a secret that no header carries unchanged, or too short a one": [
        (TOKEN, f'{TOKEN}\nhook_secret = "äöüäöüäöüäöüäöüäöü"', "okta.0.hook_secret",
         "plain letters"),
        (TOKEN, f'{TOKEN}\nhook_secret = " sixteen characters "', "okta.0.hook_secret",
         "plain letters"),
        (TOKEN, f'{TOKEN}\nhook_secret = "hush"', "okta.0.hook_secret", "16 characters"),
    ],
    "what was copied from the wrong place": [
        ("xoxb-hush", "xoxp-hush", "slack.bot_token", "a user's token"),
        ("xoxb-hush", "xapp-hush", "slack.bot_token", "an app-level token"),
        ("xoxb-hush", "xoxe.xoxb-hush", "slack.bot_token", "rotation"),
        ("xoxb-hush", "hush", "slack.bot_token", "begins with xoxb-"),
        ("xoxb-hush", "xoxb-hush xoxb-2", "slack.bot_token", "one word"),
        ("xoxb-hush", "xoxb-hush\\u200b", "slack.bot_token", "one word"),
        ("sign-hush", "xoxb-sign-hush", "slack.signing_secret", "Signing Secret"),
        ("ssws-hush", "SSWS ssws-hush", "okta.0.api_token", "without SSWS"),
        ("teams-hush", "00000000-0000-0000-0000-00000000000a", "teams.app_password",
         "id of a secret"),
        (TOKEN, 'api_token_file = "-----BEGIN CERTIFICATE-----hush"', "okta.0.api_token",
         "expected its name"),
        ('operators = ["U0123"]', "operators = []", "slack.operators", "at least one"),
        ("[[okta]]", "[okta]", "okta", "[[okta]] in double brackets"),
    ],
    "the same org twice, whose people would be asked twice": [
        ("[entra]", AGAIN.format("second", ORG), "okta.1.url", "again"),
        ("[entra]", AGAIN.format("second", "https://CONTOSO.okta.com:443/"), "okta.1.url", "again"),
        ("[entra]", AGAIN.format("contoso", "https://x.okta.com"), "okta", "twice: contoso"),
    ],
    "a key that is none, and the one that looks most like it in its section": [
        ("[slack]", "[slack]\noperator = 1", "slack.operator", "is operators meant?"),
        ("[slack]", "[slack]\nsigning-secret = 1", "slack.signing-secret",
         "is signing_secret meant?"),
        ("[slack]", "[slack]\nChannel = 1", "slack.Channel", "is channel meant?"),
        ("[slack]", "[slack]\ncolour = 1", "slack.colour", "is not a setting; is it misspelt?"),
        ("[slack]", '[slack]\nchannel_file = "x"', "slack.channel_file", "is not a setting"),
        (TOKEN, f"{TOKEN}\nclientid = 1", "okta.0.clientid", "is client_id meant?"),
        ("", f"{TARGET}orgs = 1\n", "campaign.targets.0.orgs", "is org meant?"),
        ("[redis]", "publicurl = 1\n[redis]", "publicurl", "is public_url meant?"),
        ("", 'time_zone = "Europe/Berlin"\n', "teams.time_zone",
         "write time_zone before the first [section]"),
        ("", "[slack.redis]\n", "slack.redis", "is not a setting; is it misspelt?"),
    ],
    "what is missing, or does not fit together": [
        ("", "[[campaign.targets]]\n", "campaign.targets.0.on", "is missing"),
        (TOKEN, 'client_id = "0oa1"\nprivate_key = "pem-hush"', "okta.0.api_token",
         "give key_id as well"),
        (TOKEN, "", "okta.0.api_token", "private_key"),
        (TOKEN, 'client_id = "0oa"', "okta.0.api_token", "private_key"),
        ('certificate = "pem-hush"', "", "entra.client_secret", "certificate or client_secret"),
        (f'[entra]\nclient_id = "{ID}"\ncertificate = "pem-hush"', SIGN_IN, "sign_in",
         "needs [entra]"),
        ("", f'{LINKS}"signed_in"\n', "links.minimum_proof", "needs [sign_in]"),
        ("", f'{SIGN_IN}{LINKS}"signed_in_mfa"\n', "links.minimum_proof", "nothing else shows MFA"),
        ("", f'{LINKS}"trust"\n', "links.minimum_proof", "expected personal_link, "),
    ],
    "what is no such value": [
        ("", f'{SIGN_IN}redirect_path = "callback"\n', "sign_in.redirect_path",
         "such as /auth/callback"),
        ("", f'{SIGN_IN}redirect_path = "//evil.example.com"\n', "sign_in.redirect_path",
         "such as /auth/callback"),
        ("", f'{SIGN_IN}api_scope = "proof"\n', "sign_in.api_scope", "api://…/proof"),
        ("", f'{SIGN_IN}auth_context = "mfa"\n', "sign_in.auth_context", "c1 to c99"),
        (TOKEN, f"{TOKEN}\nfree_share = 1.0", "okta.0.free_share", "0.9"),
        ("[redis]", 'time_zone = "Mars/Olympus"\n[redis]', "time_zone", "Europe/Berlin"),
        *(("[redis]", f'data_dir = "{folder}"\n[redis]', "data_dir", "a directory of its own")
          for folder in ("", ".", "a\\u0000b")),
        *(("[redis]", f"{key} = true\n[redis]", key, "expected a number")
          for key in ("scan_every_minutes", "link_hours", "microsoft_minutes")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("slips", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_with_its_key_and_what_is_meant(tmp_path: Path, slips: list[Slip]) -> None:
    """At start, each by itself: later it would fail in silence."""
    for old, new, key, says in slips:
        assert old in GOOD
        said = problems(tmp_path, GOOD.replace(old, new) if old else f"{GOOD}\n{new}")
        assert said.keys() == {key}, new
        assert says in said[key], new


@pytest.mark.parametrize("url", ["HTTPS://Bot.Contoso.com:443/", "https://bot.contoso.com"])
def test_an_address_is_kept_as_browsers_write_it(tmp_path: Path, url: str) -> None:
    """A Host or Origin header is compared with it."""
    settings = load(written(tmp_path, GOOD.replace(BASE, url)))
    assert settings.public_url == "https://bot.contoso.com"


@pytest.mark.parametrize("listen", ["[::]:8080", "[::1]:80", "localhost:65535"])
def test_a_host_to_listen_on_may_be_of_any_kind(tmp_path: Path, listen: str) -> None:
    """Also an address of the newer kind, in brackets."""
    settings = load(written(tmp_path, GOOD.replace(f'"{BASE}"', f'"{BASE}"\nlisten = "{listen}"')))
    assert settings.listen == listen


def test_ids_are_taken_as_people_copy_them(tmp_path: Path) -> None:
    """Tokens spell them in small letters."""
    settings = load(written(tmp_path, GOOD.replace("000000000001", "00000000ABCD")))
    assert there(settings.teams).tenant_id == "00000000-0000-0000-0000-00000000abcd"


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    """A signing secret of nothing would let everybody sign."""
    (tmp_path / "empty").write_text("\n")
    text = GOOD.replace('signing_secret = "sign-hush"', f'signing_secret_file = "{tmp_path}/empty"')
    assert problems(tmp_path, text) == {"slack.signing_secret": "must not be empty"}


@pytest.mark.parametrize("name", ["O365BOT_SCAN_EVERY_MINUTE", "O365BOT_SLAK__BOT_TOKEN"])
def test_a_misspelt_variable_is_told_as_a_misspelt_key_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would count for nothing, beside whatever else is wrong."""
    monkeypatch.setenv(name, "hush")
    said = problems(tmp_path, GOOD.replace(f'public_url = "{BASE}"', ""))
    assert said.keys() == {name, "public_url"}
    assert "meant?" in said[name]
    assert "meant?" in problems(tmp_path, GOOD)[name]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("O365BOT_SLACK__BOT_TOKEN", "xoxb-2\n", "a line break around it"),
        ("O365BOT_SLACK__BOT_TOKEN", " xoxb-2", "a space or"),
        ("O365BOT_SLACK__BOT_TOKEN", '"xoxb-2"', "leave out the quotes"),
        ("O365BOT_SLACK__BOT_TOKEN", "'xoxb-2'", "leave out the quotes"),
        ("O365BOT_SLACK__BOT_TOKEN", "xoxp-2", "a user's token"),
        ("o365bot_slack__bot_token", "xoxp-2", "a user's token"),
        ("O365BOT_SLACK__BOT_TOKEN_FILE", "/nowhere", "not both"),
        ("O365BOT_SLACK__BOT_TOKENN", "xoxb-2", "is bot_token meant?"),
        ("O365BOT_PUBLIC_URL", '"https://bot.contoso.com"', "leave out the quotes"),
        ("O365BOT_LINK_HOURS", "24h", "expected a whole number"),
        ("O365BOT_SLACK_BOT_TOKEN", "xoxb-2", "is O365BOT_SLACK__BOT_TOKEN meant?"),
        ("O365BOT_SLAK__BOT_TOKEN", "xoxb-2", "is O365BOT_SLACK__BOT_TOKEN meant?"),
        ("O365BOT_LOG_LEVEL", "debug", "is it misspelt?"),
        ("O365BOT_OKTA", '[{"name": "x y"}]', "up to 31 small letters"),
        ("O365BOT_OKTA__0__API_TOKEN", "ssws", "a list stands in the file"),
        ("O365BOT_TRUSTED_PROXIES__0", "10.0.0.1", "a list stands in the file"),
    ],
)
def test_a_wrong_variable_is_named_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    """Beside the key that it gives, with what a shell or a .env file left around its value."""
    monkeypatch.setenv(name, value)
    said = {key: words for key, words in problems(tmp_path, GOOD).items() if name in key}
    assert any(says in words for words in said.values()), said
    assert value not in str(said)


def test_a_section_in_capitals_is_none(tmp_path: Path) -> None:
    """Beside the same in small letters one of the two would count for nothing, in silence."""
    said = problems(tmp_path, f'{GOOD}\n[Slack]\nchannel = "C0000000000"\n')
    assert said == {"Slack": "is not a setting; is slack meant?"}
    said = problems(tmp_path, GOOD.replace("public_url", "Public_URL"))
    assert said == {"Public_URL": "is not a setting; is public_url meant?"}


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        (" C0123456789", "a space or a line break around it"),
        ("'C0SALES'", "leave out the quotes around it"),
        ("xoxb-hush", "looks like a secret"),
        ("abc8Q~hush", "looks like a secret"),
        ("-----BEGIN hush", "looks like a secret"),
    ],
)
def test_what_slipped_into_a_value_of_the_file_is_told(
    tmp_path: Path, channel: str, says: str
) -> None:
    """A paste takes along a space, quotes, or is of the line above; the value is not shown."""
    (line,) = problems(
        tmp_path, GOOD.replace("[slack]", f'[slack]\nchannel = "{channel}"')
    ).values()
    assert says in line
    assert "hush" not in line


def test_variables_that_kubernetes_makes_for_a_service_are_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that is called `o365bot` puts its own address into every container beside it."""
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"O365BOT_{name}", "10.0.0.1")
    assert load(written(tmp_path, GOOD)).slack is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_file_of_any_editor_is_read(tmp_path: Path, encoding: str, ends: str) -> None:
    """With a byte order mark, and with Windows' ends of lines."""
    path = tmp_path / "o365bot.toml"
    path.write_bytes(GOOD.replace("\n", ends).encode(encoding))
    assert load(path).okta[0].name == "contoso"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.encode("utf-16-be"), "UTF-16"),
        (b"a = 1\nb = '\xe4'\n", "not UTF-8 text (line 2)"),
        ("a = “one”\n".encode(), "line 1: contains a typographic quote"),
        ("a\u00a0= 1\n".encode(), "U+00A0"),
        (b'a = "one\nb = 2\n', "line 1: a text has no closing quote"),
        (b'a = "\0"\n', "line 1: expected TOML"),
        (b"a = 2027-02-30\n", "line 1: there is no such day"),
        (b"a = 1\na = 2\n", "line 2: a key is there twice"),
        (b"[x]\na = 1\n[x]\n", "line 3: a section is there twice"),
        (b'a = "C:\\keys"\n', "line 1: a backslash"),
        (b'a = "C:\\Users"\n', "line 1: a backslash"),
        (b"a\n", "line 1: expected a key, an equals sign"),
        (b"a = yes\n", "line 1: expected a value"),
        (b"[x\n", "closing bracket"),
        (b"a = [1, 2\n", "closing bracket"),
        (b'a = "one" two\n', "something follows the value"),
        (b"a = " + b"[" * 5000, "nested too deep"),
        (b"a = " + b"9" * 5000, "a number that is too long"),
        (b"public_url: https://x\n", "line 1: expected a key, an equals sign"),
        (b'{"public_url": "https://x"}', "line 1: expected TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_line_in_plain_words(
    tmp_path: Path, content: bytes, says: str
) -> None:
    """And not by what the parser calls it."""
    path = tmp_path / "o365bot.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsInvalid) as caught:
        load(path)
    (line,) = caught.value.problems
    assert line.startswith(f"{path}: ")
    assert says in line
    assert "column" not in line


@pytest.mark.parametrize(
    "bomb",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 5_000,
        "[" + ".".join("a" * 100_000) + "]",
        ".".join("a" * 200_000) + " = 1",
        "x = " + "9" * 100_000,
    ],
    ids=["lists", "tables", "section", "key", "number"],
)
def test_a_file_that_would_take_all_memory_or_depth_is_told_in_plain_words(
    tmp_path: Path, bomb: str
) -> None:
    """Refused before, and not by falling over."""
    path = tmp_path / "o365bot.toml"
    path.write_text(bomb)
    with pytest.raises(SettingsInvalid) as caught:
        load(path)
    assert len(str(caught.value)) < 500
