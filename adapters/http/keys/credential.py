"""How an app registration proves itself at Microsoft: by its certificate, or by a secret.

"Microsoft identity platform application authentication certificate credentials".
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import SecretStr

from adapters.http.keys.assertion import ASSERTION_TYPE, ClientKey
from adapters.http.keys.pem import certificate_of, good_on, private_key
from bot.errors import SettingsInvalid
from bot.settings.section import written_as
from bot.settings.sections.chat import TeamsSettings
from bot.settings.sections.clouds import EntraSettings


class ClientProof:
    """The settings hold one of the two. `section` is theirs, for what is wrong with them.

    Raises SettingsInvalid when the certificate cannot be used.
    """

    def __init__(
        self, section: str, client_id: str, certificate: SecretStr | None, secret: SecretStr | None
    ) -> None:
        self._section = section
        self._certificate = certificate
        self._secret = secret
        self._key = self._client_key(client_id)

    @classmethod
    def of_entra(cls, settings: EntraSettings) -> Self:
        """That of the registration by which Graph is read and people sign in."""
        return cls("entra", settings.client_id, settings.certificate, settings.client_secret)

    @classmethod
    def of_teams(cls, settings: TeamsSettings) -> Self:
        """That of the bot in Teams."""
        return cls("teams", settings.app_id, settings.certificate, settings.app_password)

    def proof(self, token_endpoint: str, now: datetime) -> dict[str, str]:
        """The form fields for one request to `token_endpoint`."""
        if self._key is not None:
            return {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._key.assertion(token_endpoint, now),
            }
        assert self._secret is not None
        return {"client_secret": self._secret.get_secret_value()}

    def counts(self, now: datetime) -> None:
        """Whether the certificate, if one is used, is good at that moment. Raises SettingsInvalid.

        No reason not to start: what is known is still told, and Microsoft's refusal is shown.
        """
        if self._certificate is None:
            return
        pem = self._certificate.get_secret_value()
        try:
            good_on(certificate_of(private_key(pem), pem), now)
        except ValueError as error:
            raise self._wrong(self._certificate, error) from error

    def _client_key(self, client_id: str) -> ClientKey | None:
        if self._certificate is None:
            return None
        pem = self._certificate.get_secret_value()
        try:
            digest = certificate_of(private_key(pem), pem).fingerprint(SHA256())
            thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            key = ClientKey(client_id, pem, {"x5t#S256": thumbprint}, rsa="PS256")
            if not key.is_rsa:
                raise ValueError("its private key is EC, and Microsoft takes RSA keys only")
        except ValueError as error:
            raise self._wrong(self._certificate, error) from error
        return key

    def _wrong(self, certificate: SecretStr, error: ValueError) -> SettingsInvalid:
        name = written_as("certificate", certificate)
        return SettingsInvalid((f"{self._section}.{name}: {error}",))
