"""The settings: all errors at once, no secret in any of them, and where values come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.consent.requests import ProofKind
from bot.errors import SettingsInvalid
from bot.settings.settings import load
from tests.there import there

SECRETS = ("xoxb-hush", "sign-hush", "ssws-hush", "pem-hush", "teams-hush", "redis-hush")
GOOD = """
public_url = "https://bot.contoso.com/"

[redis]
url = "rediss://:redis-hush@redis.contoso.com:6379"

[[okta]]
name = "contoso"
url = "https://contoso.okta.com"
api_token = "ssws-hush"

[entra]
client_id = "00000000-0000-0000-0000-000000000001"
certificate = "pem-hush"

[slack]
bot_token = "xoxb-hush"
signing_secret = "sign-hush"
operators = ["U0123"]

[teams]
app_id = "00000000-0000-0000-0000-000000000001"
app_password = "teams-hush"
tenant_id = "00000000-0000-0000-0000-000000000001"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "o365bot.toml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str) -> dict[str, str]:
    """What is said about each wrong key."""
    with pytest.raises(SettingsInvalid) as caught:
        load(written(tmp_path, text))
    for secret in SECRETS:
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value)
    chain: BaseException | None = caught.value
    assert chain is not None
    assert chain.__cause__ is None  # pydantic's own error holds the input
    return dict(line.split(": ", 1) for line in caught.value.problems)


def test_good_settings_are_read_with_their_defaults(tmp_path: Path) -> None:
    """Addresses lose a trailing slash; what is not said has its default."""
    settings = load(written(tmp_path, GOOD))
    assert settings.public_url == "https://bot.contoso.com"
    assert settings.scan_every_minutes == 15
    assert settings.okta[0].api_token is not None
    assert settings.okta[0].api_token.get_secret_value() == "ssws-hush"
    assert there(settings.slack).operators == ("U0123",)


def test_no_secret_is_shown_by_the_settings_themselves(tmp_path: Path) -> None:
    """Printed, logged or dumped, a secret stays hidden."""
    settings = load(written(tmp_path, GOOD))
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('bot_token = "xoxb-hush"', 'bot_token = ["xoxb-hush"]'),
        ('bot_token = "xoxb-hush"', 'bot_tokin = "xoxb-hush"'),
        ('signing_secret = "sign-hush"', 'signing_secret = "sign-hush"\nchannel = "#general"'),
        ('api_token = "ssws-hush"', 'api_token = "ssws-hush"\nclient_id = 1'),
        ('certificate = "pem-hush"', 'certificate = "pem-hush"\nclient_secret = "pem-hush"'),
        ('url = "rediss://:redis-hush@', 'url = {secret = "redis-hush"}\nx = "'),
        ('app_password = "teams-hush"', 'app_password = {x = "teams-hush"}'),
        (
            'client_id = "00000000-0000-0000-0000-000000000001"',
            'client_id = "1"\nlogin_url = "https://a:pem-hush@b.com"',
        ),
    ],
)
def test_no_error_repeats_a_secret(tmp_path: Path, old: str, new: str) -> None:
    """Whatever is wrong about a secret or beside it, its value is not in the error."""
    assert old in GOOD
    assert problems(tmp_path, GOOD.replace(old, new))


def test_a_file_that_is_no_toml_is_told_without_its_content(tmp_path: Path) -> None:
    """The line is named, not quoted: it may hold a secret."""
    assert "quotes" in problems(tmp_path, 'bot_token = xoxb-hush"')[f"{tmp_path}/o365bot.toml"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The reason is the system's own."""
    with pytest.raises(SettingsInvalid, match="No such file"):
        load(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://contoso.okta.com", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.9.9.9:8080", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("http://contoso.okta.com", False),
        ("http://localhost.contoso.com", False),
        ("http://127.0.0.1.contoso.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("https://user:word@contoso.com", False),
        ("https://:word@contoso.com", False),
        ("https://contoso.com/?next=x", False),
        ("https://contoso.com/#x", False),
        ("contoso.okta.com", False),
        ("https://", False),
        ("file:///etc/passwd", False),
    ],
)
def test_plain_http_is_for_loopback_only(tmp_path: Path, url: str, taken: bool) -> None:
    """Tokens never travel in clear beyond this machine, and addresses carry nothing else."""
    text = GOOD.replace("https://contoso.okta.com", url)
    if taken:
        assert load(written(tmp_path, text)).okta[0].url == url
    else:
        assert problems(tmp_path, text).keys() == {"okta.0.url"}


# ------------------------------------------------------------------ files and environment


def test_a_secret_may_be_given_as_a_file(tmp_path: Path) -> None:
    """`<key>_file` is read, without the line end that editors add; of optional secrets as well."""
    (tmp_path / "token").write_text("xoxb-hush\n")
    (tmp_path / "pem").write_text("pem-hush")
    text = GOOD.replace('bot_token = "xoxb-hush"', f'bot_token_file = "{tmp_path / "token"}"')
    text = text.replace('certificate = "pem-hush"', f'certificate_file = "{tmp_path / "pem"}"')
    settings = load(written(tmp_path, text))
    assert there(settings.slack).bot_token.get_secret_value() == "xoxb-hush"
    assert there(there(settings.entra).certificate).get_secret_value() == "pem-hush"


def test_a_secret_both_ways_is_refused(tmp_path: Path) -> None:
    """Two values would leave open which one counts."""
    (tmp_path / "token").write_text("xoxb-hush")
    text = GOOD.replace("[slack]", f'[slack]\nbot_token_file = "{tmp_path / "token"}"')
    assert "not both" in problems(tmp_path, text)["slack.bot_token"]


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key of a section can be set from outside; the others stay as the file has them."""
    monkeypatch.setenv("O365BOT_SCAN_EVERY_MINUTES", "30")
    monkeypatch.setenv("O365BOT_SLACK__SIGNING_SECRET", "from-outside")
    settings = load(written(tmp_path, GOOD.replace("[redis]", "scan_every_minutes = 5\n[redis]")))
    assert settings.scan_every_minutes == 30
    assert settings.slack is not None
    assert there(settings.slack.signing_secret).get_secret_value() == "from-outside"
    assert settings.slack.bot_token.get_secret_value() == "xoxb-hush"


def test_the_file_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`O365BOT_CONFIG` is where the service's own start looks."""
    monkeypatch.setenv("O365BOT_CONFIG", str(written(tmp_path, GOOD)))
    assert load().public_url == "https://bot.contoso.com"


def test_an_environment_that_is_no_json_is_a_settings_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, its value is not."""
    monkeypatch.setenv("O365BOT_OKTA", '[{"api_token": "ssws-hush"')
    assert problems(tmp_path, GOOD)["O365BOT_OKTA"].startswith("expected JSON")
    monkeypatch.delenv("O365BOT_OKTA")
    monkeypatch.setenv("O365BOT_SLACK__OPERATORS", "U0123,U0456")
    assert problems(tmp_path, GOOD).keys() == {"O365BOT_SLACK__OPERATORS"}


# ------------------------------------------------------------------ signing in, and the proof

SIGN_IN = "[sign_in]\n"


@pytest.mark.parametrize(
    ("more", "minimum"),
    [
        ("", ProofKind.CHAT_ACCOUNT),
        (SIGN_IN, ProofKind.SIGNED_IN),
        (SIGN_IN + '[links]\nminimum_proof = "chat_account"\n', ProofKind.CHAT_ACCOUNT),
        ('[links]\nminimum_proof = "personal_link"\n', ProofKind.PERSONAL_LINK),
        (
            SIGN_IN + 'auth_context = "c1"\n[links]\nminimum_proof = "signed_in_mfa"\n',
            ProofKind.SIGNED_IN_MFA,
        ),
        (
            SIGN_IN + 'api_scope = "api://x/proof"\n[links]\nminimum_proof = "signed_in_mfa"\n',
            ProofKind.SIGNED_IN_MFA,
        ),
    ],
)
def test_the_weakest_proof_follows_from_what_is_configured(
    tmp_path: Path, more: str, minimum: ProofKind
) -> None:
    """A sign-in where there is one, else the chat account, unless the settings say otherwise."""
    assert load(written(tmp_path, GOOD + more)).minimum_proof is minimum
