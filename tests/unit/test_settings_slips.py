"""Slips of a hurried operator that used to pass at start, and failed in silence later."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.settings.whole import load
from tests.there import there
from tests.unit.test_settings import GOOD, problems, written

TOKEN = 'api_token = "ssws-hush"'
PUBLIC = 'public_url = "https://bot.contoso.com/"'
TARGET = "[[campaign.targets]]\non = 2027-01-15\n"
ID = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://bot.contoso.com/o365bot", "without a path; try https://bot.contoso.com"),
        ("https://bot contoso.com", "plain ASCII"),
        ("https://bücher.example", "plain ASCII"),
        ("https://bot.contoso.com\\\\x", "plain ASCII"),
        ("https://bot.contoso.com:0", "expected an address"),
        ("https://bot..contoso.com", "expected an address"),
        ("https://-bot.contoso.com", "expected an address"),
        ("https://.contoso.com", "expected an address"),
        ("https://[fe80::1%25eth0]", "expected an address"),
    ],
)
def test_the_public_address_is_one_that_links_can_be_built_on(
    tmp_path: Path, url: str, says: str
) -> None:
    """Under a path no page would be found, and no browser sends a host with other letters."""
    text = GOOD.replace("https://bot.contoso.com/", url)
    assert says in problems(tmp_path, text)["public_url"]


@pytest.mark.parametrize("url", ["HTTPS://Bot.Contoso.com:443/", "https://bot.contoso.com"])
def test_an_address_is_kept_as_browsers_write_it(tmp_path: Path, url: str) -> None:
    """A Host or Origin header is compared with it."""
    settings = load(written(tmp_path, GOOD.replace("https://bot.contoso.com/", url)))
    assert settings.public_url == "https://bot.contoso.com"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://contoso.okta.com/api/v1", "try https://contoso.okta.com"),
        ("https://contoso-admin.okta.com", "Admin Console's address; try https://contoso.okta.com"),
        ("https://x-admin.oktapreview.com", "try https://x.oktapreview.com"),
        ("https://contoso-admin.okta.com/admin/dashboard", "try https://contoso.okta.com"),
    ],
)
def test_the_address_of_an_org_is_the_orgs_own(tmp_path: Path, url: str, says: str) -> None:
    """Copied from the browser it is often another one, where nothing answers or signs in."""
    text = GOOD.replace("https://contoso.okta.com", url)
    assert says in problems(tmp_path, text)["okta.0.url"]


@pytest.mark.parametrize("key", ["login_url", "graph_url"])
def test_the_addresses_of_microsoft_have_no_path(tmp_path: Path, key: str) -> None:
    """`…/v1.0` and `…/common` are added where they belong."""
    text = GOOD.replace("[slack]", f'{key} = "https://graph.microsoft.us/v1.0"\n[slack]')
    assert "without a path" in problems(tmp_path, text)[f"entra.{key}"]


@pytest.mark.parametrize("listen", ["[::]:8080", "[::1]:80", "localhost:65535"])
def test_a_host_to_listen_on_may_be_of_any_kind(tmp_path: Path, listen: str) -> None:
    """Also an address of the newer kind, in brackets."""
    settings = load(written(tmp_path, GOOD.replace(PUBLIC, f'{PUBLIC}\nlisten = "{listen}"')))
    assert settings.listen == listen


@pytest.mark.parametrize("listen", ["127.0.0.1:99999", "127.0.0.1:0", "::1:80", ":8080", "8080"])
def test_a_port_that_does_not_exist_is_refused(tmp_path: Path, listen: str) -> None:
    """Rather than when the server is started."""
    text = GOOD.replace(PUBLIC, f'{PUBLIC}\nlisten = "{listen}"')
    assert "host and a port" in problems(tmp_path, text)["listen"]


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ('operators = ["U0123"]', 'operators = ["@ada"]', "slack.operators.0", "member's id"),
        ('operators = ["U0123"]', 'operators = ["ada@x.com"]', "slack.operators.0", "member's id"),
        (f'tenant_id = "{ID}"', 'tenant_id = "contoso.com"', "teams.tenant_id", "an id"),
        (f'app_id = "{ID}"', 'app_id = "my bot"', "teams.app_id", "an id"),
        ('app_password = "', 'operators = ["a@b.c"]\napp_password = "', "teams.operators.0", "id"),
        ('app_password = "', 'channel = "General"\napp_password = "', "teams.channel", "%3A"),
        (
            'app_password = "',
            'channel = "19%3Ax%40y.tacv2"\napp_password = "',
            "teams.channel",
            ":",
        ),
        ('app_password = "', 'service_urls = []\napp_password = "', "teams.service_urls", "one"),
        (f'client_id = "{ID}"', 'client_id = "o365bot"', "entra.client_id", "an id"),
        (f'client_id = "{ID}"', f'client_id = "{ID}"\nokta_app_names = [" "]', "", "a name"),
        (f'client_id = "{ID}"', f'client_id = "{ID}"\nokta_app_names = []', "", "okta_app_names"),
        ("[redis]", '[campaign]\ncountry = "EU"\n[redis]', "campaign.country", "two letters"),
        ("[redis]", '[campaign]\ncountry = "ZZ"\n[redis]', "campaign.country", "two letters"),
        ("[redis]", f'{TARGET}tenant = "contoso.com"\n[redis]', "", "an id"),
    ],
)
def test_a_name_where_an_id_is_meant_is_refused(
    tmp_path: Path, old: str, new: str, key: str, says: str
) -> None:
    """It would match nobody and nothing, and nothing would say so."""
    assert old in GOOD
    said = problems(tmp_path, GOOD.replace(old, new))
    assert len(said) == 1
    ((found, words),) = said.items()
    assert key in found
    assert says in words


@pytest.mark.parametrize(
    ("people", "key"),
    [
        ('denied = ["Break Glass 1"]', "people.denied.0"),
        ('denied = [" bg@contoso.com"]', "people.denied.0"),
        ('not_break_glass = [""]', "people.not_break_glass.0"),
        ('owners = {"adm" = "ada@contoso.com"}', "people.owners.adm"),
        ('owners = {"adm@contoso.com" = "Ada Moreau"}', "people.owners.adm@contoso.com"),
    ],
)
def test_an_account_is_named_by_what_it_is_found_by(tmp_path: Path, people: str, key: str) -> None:
    """A display name denies nobody, so the emergency account would be asked."""
    assert problems(tmp_path, f"{GOOD}[people]\n{people}\n").keys() == {key}


def test_ids_are_taken_as_people_copy_them(tmp_path: Path) -> None:
    """Tokens spell them in small letters."""
    settings = load(written(tmp_path, GOOD.replace("000000000001", "00000000ABCD")))
    assert there(settings.teams).tenant_id == "00000000-0000-0000-0000-00000000abcd"


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ("ssws-hush", "okta.0.api_token"),
        ("xoxb-hush", "slack.bot_token"),
        ("sign-hush", "slack.signing_secret"),
        ("teams-hush", "teams.app_password"),
        ("pem-hush", "entra.certificate"),
        ("rediss://:redis-hush@redis.contoso.com:6379", "redis.url"),
    ],
)
@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_secret_without_content_is_refused(
    tmp_path: Path, old: str, key: str, nothing: str
) -> None:
    """Such as an unset variable in a deployment, or an empty file."""
    assert problems(tmp_path, GOOD.replace(f'"{old}"', f'"{nothing}"')) == {
        key: "must not be empty"
    }


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    """A signing secret of nothing would let everybody sign."""
    (tmp_path / "empty").write_text("\n")
    text = GOOD.replace('signing_secret = "sign-hush"', f'signing_secret_file = "{tmp_path}/empty"')
    assert problems(tmp_path, text) == {"slack.signing_secret": "must not be empty"}


@pytest.mark.parametrize("secret", ["äöüäöüäöüäöüäöüäöü", " sixteen characters "])
def test_a_hooks_secret_fits_into_a_header(tmp_path: Path, secret: str) -> None:
    """Whatever a header cannot carry unchanged would be refused at every delivery."""
    text = GOOD.replace(TOKEN, f'{TOKEN}\nhook_secret = "{secret}"')
    assert "plain letters" in problems(tmp_path, text)["okta.0.hook_secret"]


@pytest.mark.parametrize("name", ["O365BOT_SCAN_EVERY_MINUTE", "O365BOT_SLAK__BOT_TOKEN"])
def test_a_misspelt_variable_is_told_as_a_misspelt_key_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would count for nothing, beside whatever else is wrong."""
    monkeypatch.setenv(name, "hush")
    said = problems(tmp_path, GOOD.replace(PUBLIC, ""))
    assert said.keys() == {name, "public_url"}
    assert "misspelt" in said[name]
    assert "misspelt" in problems(tmp_path, GOOD)[name]


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


def test_a_key_below_a_section_that_is_none_of_it_is_sent_to_the_top(tmp_path: Path) -> None:
    """Whatever stands at the end of a file belongs to the last section."""
    said = problems(tmp_path, f'{GOOD}\ntime_zone = "Europe/Berlin"\n')
    (line,) = said.values()
    assert "write time_zone before the first [section]" in line
    said = problems(tmp_path, f"{GOOD}\n[slack.redis]\n")
    assert said == {"slack.redis": "is not a setting; is it misspelt?"}


@pytest.mark.parametrize(
    ("section", "written_so", "meant"),
    [
        ("slack", "operator", "operators"),
        ("slack", "signing-secret", "signing_secret"),
        ("slack", "Channel", "channel"),
        ("okta.0", "clientid", "client_id"),
        ("campaign.targets.0", "orgs", "org"),
        ("", "publicurl", "public_url"),
        ("slack", "colour", ""),
    ],
)
def test_a_key_that_is_none_is_told_with_the_one_that_looks_most_like_it(
    tmp_path: Path, section: str, written_so: str, meant: str
) -> None:
    """In that section alone; where none does, nothing is guessed."""
    line, text = f"{written_so} = 1\n", f"{GOOD}\n{TARGET}"
    if not section:
        text = line + text
    elif section == "okta.0":
        text = text.replace(TOKEN, f"{TOKEN}\n{line}")
    elif section == "slack":
        text = text.replace("[slack]\n", f"[slack]\n{line}")
    else:
        text += line
    key = f"{section}.{written_so}".removeprefix(".")
    said = f"is {meant} meant?" if meant else "is it misspelt?"
    assert problems(tmp_path, text)[key] == f"is not a setting; {said}"


@pytest.mark.parametrize("folder", ["", ".", "a\\u0000b"])
def test_the_embedded_stores_directory_is_one_of_its_own(tmp_path: Path, folder: str) -> None:
    """Not wherever the bot was started."""
    said = problems(tmp_path, f'data_dir = "{folder}"\n{GOOD}')
    assert said == {"data_dir": "expected the path of a directory of its own"}


def test_what_is_missing_in_a_list_is_given_by_no_variable(tmp_path: Path) -> None:
    """There is none for it."""
    said = problems(tmp_path, f"{GOOD}\n[[campaign.targets]]\n")
    assert said["campaign.targets.0.on"] == "is missing"


def test_what_is_missing_of_a_service_app_is_named(tmp_path: Path) -> None:
    """By the keys that are not there."""
    app = GOOD.replace(TOKEN, 'client_id = "0oa1"\nprivate_key = "pem-hush"')
    assert problems(tmp_path, app)["okta.0.api_token"].startswith("give key_id as well")


def test_a_key_where_its_files_name_belongs_is_told(tmp_path: Path) -> None:
    """And is not repeated."""
    pem = "-----BEGIN CERTIFICATE-----hush"
    text = GOOD.replace(TOKEN, f'api_token_file = "{pem}"')
    assert "expected its name" in problems(tmp_path, text)["okta.0.api_token"]


def test_variables_that_kubernetes_makes_for_a_service_are_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that is called `o365bot` puts its own address into every container beside it."""
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"O365BOT_{name}", "10.0.0.1")
    assert load(written(tmp_path, GOOD)).slack is not None


@pytest.mark.parametrize(
    ("replaced", "by", "key", "says"),
    [
        ("xoxb-hush", "xoxp-hush", "slack.bot_token", "a user's token"),
        ("xoxb-hush", "xapp-hush", "slack.bot_token", "an app-level token"),
        ("xoxb-hush", "xoxe.xoxb-hush", "slack.bot_token", "rotation"),
        ("xoxb-hush", "hush", "slack.bot_token", "begins with xoxb-"),
        ("xoxb-hush", "xoxb-hush xoxb-2", "slack.bot_token", "one word"),
        ("xoxb-hush", "xoxb-hush\\u200b", "slack.bot_token", "one word"),
        ("sign-hush", "xoxb-sign-hush", "slack.signing_secret", "Signing Secret"),
        ("ssws-hush", "SSWS ssws-hush", "okta.0.api_token", "without SSWS"),
        (
            "teams-hush",
            "00000000-0000-0000-0000-00000000000a",
            "teams.app_password",
            "id of a secret",
        ),
        ('operators = ["U0123"]', "operators = []", "slack.operators", "at least one"),
        ("[[okta]]", "[okta]", "okta", "[[okta]] in double brackets"),
    ],
)
def test_what_was_copied_from_the_wrong_place_is_told_as_what_it_is(
    tmp_path: Path, replaced: str, by: str, key: str, says: str
) -> None:
    """With where the right one is found; and not shown."""
    assert says in problems(tmp_path, GOOD.replace(replaced, by))[key]


@pytest.mark.parametrize("url", ["https://contoso.okta.com", "https://CONTOSO.okta.com:443/"])
def test_the_same_org_twice_is_refused_however_it_is_written(tmp_path: Path, url: str) -> None:
    """Its apps would be looked at, and its people asked, twice."""
    again = f'[[okta]]\nname = "second"\nurl = "{url}"\napi_token = "ssws-hush"\n[entra]'
    said = problems(tmp_path, GOOD.replace("[entra]", again))
    assert "again" in said["okta.1.url"]


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


@pytest.mark.parametrize("name", ["scan_every_minutes", "link_hours", "microsoft_minutes"])
def test_true_is_no_number(tmp_path: Path, name: str) -> None:
    """Other readers take it for 1."""
    assert problems(tmp_path, f"{name} = true\n{GOOD}")[name] == "expected a number"
