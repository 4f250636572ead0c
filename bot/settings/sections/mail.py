"""The settings of mail: personal messages for those who are in no chat."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator

from bot.domain.normalization import exact
from bot.settings.section import Section, shaped

_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]+\]?"
_DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}"

Host = Annotated[str, shaped(_HOST, "a host's name such as smtp.example.com, without a port")]
Port = Annotated[int, Field(ge=1, le=65535)]
MailAddress = Annotated[
    str, shaped(rf"[!#-'*+\-/-9=?A-Z^-~.]+@{_DOMAIN}", "an address such as o365bot@example.com")
]
Domain = Annotated[
    str, shaped(_DOMAIN, "a domain such as example.com, without @"), AfterValidator(exact)
]


class BouncesSettings(Section):
    """The mailbox that undeliverable mail comes back to, read over IMAP with TLS.

    Only delivery reports are looked at, and marked as read; every other mail is left alone.
    """

    host: Host = Field(description="The IMAP server.")
    port: Port = Field(993, description="Its port for TLS from the first byte.")
    user: str = Field(min_length=1, description="The account of the mailbox.")
    password: SecretStr = Field(description="Its password.")
    folder: str = Field("INBOX", min_length=1, description="The folder that is read.")


class MailSettings(Section):
    """Personal messages by mail, for Global Administrators who are not in chat; off if left out.

    Always over TLS, with the server's certificate checked.
    """

    host: Host = Field(description="The SMTP server.")
    port: Port = Field(587, description="Its port: 587 for `starttls`, usually 465 for `tls`.")
    security: Literal["starttls", "tls"] = Field(
        "starttls",
        description="`starttls` begins in the clear and goes on only once TLS is there; `tls` "
        "begins with TLS.",
    )
    ca_file: FilePath | None = Field(
        None, description="Your own server's certificate authority, PEM."
    )
    user: str = Field(
        "", description="The account to sign in with; without it, the bot does not sign in."
    )
    password: SecretStr | None = Field(None, validate_default=True, description="Its password.")
    sender: MailAddress = Field(
        description="Who the mail is from. Undeliverable mail comes back there."
    )
    reply_to: MailAddress | None = Field(
        None, description="Where people's replies go, such as your identity team."
    )
    domains: tuple[Domain, ...] = Field(
        description="The domains that may get mail. Links go nowhere else."
    )
    bounces: BouncesSettings | None = Field(
        None,
        description="Where undeliverable mail comes back to; without it, only what the server "
        "refuses at once is known.",
    )

    @field_validator("password")
    @classmethod
    def _whole_sign_in(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "user" in info.data and bool(info.data["user"]) != (value is not None):
            raise ValueError("give user and password, or neither")
        return value

    @field_validator("domains")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("give at least one, or nobody could get mail")
        return value
