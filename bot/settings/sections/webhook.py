"""The settings of the outgoing webhook."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationInfo, field_validator

from bot.settings.section import Section

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PREFIX = "whsec_"


class WebhookSettings(Section):
    """Tells another system, such as one for tickets, what happens; off if left out."""

    url: str = Field(
        description="Where events are posted: an `https://` address. Redirects are not followed."
    )
    secret: SecretStr = Field(
        description="Signs each event (Standard Webhooks): `whsec_` and 24 to 64 bytes as base64, "
        'such as `echo "whsec_$(openssl rand -base64 32)"` prints.'
    )
    allow_private: bool = Field(
        False,
        validate_default=True,
        description="Whether the address may lead into a private network.",
    )

    ca_file: FilePath | None = Field(
        None, description="The receiver's certificate authority, PEM, where it is your own."
    )

    @field_validator("url")
    @classmethod
    def _is_https(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            raise ValueError(
                "expected an address such as https://tickets.example.com/o365bot"
            ) from None
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not (parts.scheme == "https" or plain) or not parts.hostname or port == 0:
            raise ValueError("expected an address such as https://tickets.example.com/o365bot")
        if parts.username or parts.password or parts.fragment:
            raise ValueError("must have no user, password or fragment: events are signed instead")
        return value

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if not 24 <= len(_key(value)) <= 64:
            raise ValueError("expected whsec_ and 24 to 64 bytes as base64")
        return value

    @field_validator("allow_private")
    @classmethod
    def _is_meant(cls, value: bool, info: ValidationInfo) -> bool:
        host = urlsplit(info.data.get("url", "")).hostname
        if host in _LOOPBACK and not value:
            raise ValueError("must be true for an address on this machine")
        return value

    @property
    def key(self) -> bytes:
        """What signs."""
        return _key(self.secret)


def _key(secret: SecretStr) -> bytes:
    try:
        text = secret.get_secret_value().strip().removeprefix(_PREFIX)
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
