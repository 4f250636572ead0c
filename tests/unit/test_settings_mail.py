"""Mail in the settings: what would let a link go astray, or nowhere, is refused at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.settings import load
from tests.there import there
from tests.unit.test_settings import GOOD, problems, written

MAIL = """
[sign_in]

[mail]
host = "smtp.contoso.com"
user = "bot@contoso.com"
password = "mail-hush"
sender = "bot@contoso.com"
domains = ["Contoso.com"]
"""


def test_mail_is_off_unless_it_is_configured(tmp_path: Path) -> None:
    """Nobody gets mail by default."""
    assert load(written(tmp_path, GOOD)).mail is None


def test_good_mail_settings_are_read(tmp_path: Path) -> None:
    """Domains are compared in small letters; STARTTLS is the default."""
    mail = there(load(written(tmp_path, GOOD + MAIL)).mail)
    assert mail.domains == ("contoso.com",)
    assert (mail.port, mail.security) == (587, "starttls")
    assert "hush" not in repr(mail)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[sign_in]\n", "", "mail"),
        ("[sign_in]\n", '[sign_in]\n[links]\nminimum_proof = "personal_link"\n', "mail"),
        ('user = "bot@contoso.com"\n', "", "mail.password"),
        ('password = "mail-hush"\n', "", "mail.password"),
        ('host = "smtp.contoso.com"', 'host = "smtp.contoso.com:587"', "mail.host"),
        ('host = "smtp.contoso.com"', 'host = "https://smtp.contoso.com"', "mail.host"),
        ('sender = "bot@contoso.com"', 'sender = "o365bot"', "mail.sender"),
        ('sender = "bot@contoso.com"', 'sender = "Bot <bot@contoso.com>"', "mail.sender"),
        ('["Contoso.com"]', "[]", "mail.domains"),
        ('["Contoso.com"]', '["@contoso.com"]', "mail.domains.0"),
        ('["Contoso.com"]', '["*"]', "mail.domains.0"),
        ('["Contoso.com"]', '["com"]', "mail.domains.0"),
        ("domains =", 'security = "none"\ndomains =', "mail.security"),
        ("domains =", 'ca_file = "missing.pem"\ndomains =', "mail.ca_file"),
    ],
)
def test_what_would_go_astray_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    """The error names the key that was written."""
    assert old in MAIL
    assert key in problems(tmp_path, GOOD + MAIL.replace(old, new))
