"""Signing people in at their own tenant: OpenID Connect, authorization code with PKCE.

From "Microsoft identity platform and OAuth 2.0 authorization code flow", "OpenID Connect on the
Microsoft identity platform", "Admin consent on the Microsoft identity platform" and "Developer
guide to Conditional Access authentication context". Only `openid profile` is asked for, and the
scope of our own API where one is configured: its version 1.0 tokens carry `amr`, which version 2.0
tokens never do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from hmac import compare_digest
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from adapters.entra.directory.aadsts import code_of, explain_sign_in
from adapters.entra.directory.clouds import graph_url
from adapters.entra.signing_in.id_tokens import TokenCheck
from adapters.http.answers import Answer
from adapters.http.client import CloudClient, Retry
from adapters.http.keys.credential import ClientProof
from bot.domain.consent.requests import MfaShown
from bot.domain.consent.sign_in import SignedIn
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.errors import CloudError, SignInRefused, TokenInvalid
from bot.ports.system import Clock
from bot.settings.sections.clouds import EntraSettings, SignInSettings

CONSENTED_PATH = "/auth/consented"
# The authentication methods that mean MFA ("Access token claims reference", `amr`).
MFA_METHODS = frozenset({"mfa", "ngcmfa"})

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class EntraSignIn:
    """Implements `bot.ports.sign_in.SignIn`.

    Every address is built from the settings and a tenant's id.

    `settings` None: nobody is signed in, only the bot's own admin consent is asked for. Raises
    SettingsInvalid when the certificate cannot be used.
    """

    def __init__(
        self,
        entra: EntraSettings,
        settings: SignInSettings | None,
        public_url: str,
        http: httpx.AsyncClient,
        clock: Clock,
    ) -> None:
        self._entra = entra
        self._settings = settings or SignInSettings()
        self._public_url = public_url
        self._redirect = public_url + self._settings.redirect_path
        self._http = http
        self._clock = clock
        self._client = ClientProof.of_entra(entra)
        self._check = TokenCheck(entra.login_url, http)

    async def address(
        self, tenant_id: str, *, state: str, nonce: str, verifier: str, login_hint: str
    ) -> str:
        """The tenant's authorization endpoint; a guest, too, signs in at the tenant they act in."""
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": self._entra.client_id,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": self._redirect,
            "scope": self._scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "login_hint": login_hint,
        }
        if self._settings.auth_context:
            acrs = {"essential": True, "value": self._settings.auth_context}
            asked["claims"] = json.dumps({"id_token": {"acrs": acrs}}, separators=(",", ":"))
        return f"{self._at(tenant_id)}/oauth2/v2.0/authorize?{urlencode(asked, quote_via=quote)}"

    async def redeem(self, tenant_id: str, *, code: str, nonce: str, verifier: str) -> SignedIn:
        """Exchange the code and validate what comes of it.

        Raises SignInRefused, TokenInvalid, CloudError.
        """
        body = (await self._exchange(tenant_id, code, verifier)).object()
        claims = await self._check.claims(
            body.get("id_token"), tenant_id, version="2.0", audiences=(self._entra.client_id,)
        )
        told = claims.get("nonce")
        if not (isinstance(told, str) and nonce and compare_digest(told.encode(), nonce.encode())):
            raise TokenInvalid("it answers another sign-in")
        object_id = claims.get("oid")
        if not (isinstance(object_id, str) and _GUID.fullmatch(object_id)):
            raise TokenInvalid("it does not name the account")
        mfa = await self._mfa(tenant_id, object_id, claims, body.get("access_token"))
        return SignedIn(tenant_id, exact(object_id), mfa)

    def consent_address(self, tenant: Tenant, *, state: str) -> str:
        """Version 2.0, for all that the registration lists: only `/.default` asks for app roles.

        Each cloud knows its own Microsoft Graph alone, and none by the address of another's.
        """
        asked = {
            "client_id": self._entra.client_id,
            "scope": f"{graph_url(self._entra, tenant.graph_host, where=tenant.domain)}/.default",
            "redirect_uri": self._public_url + CONSENTED_PATH,
            "state": state,
        }
        return f"{self._at(tenant.id)}/v2.0/adminconsent?{urlencode(asked, quote_via=quote)}"

    @property
    def _scope(self) -> str:
        return f"openid profile {self._settings.api_scope}".strip()

    def _at(self, tenant_id: str) -> str:
        if not _GUID.fullmatch(tenant_id):
            raise ValueError("a tenant is named by its id here")
        return f"{self._entra.login_url}/{tenant_id}"

    async def _exchange(self, tenant_id: str, code: str, verifier: str) -> Answer:
        """The token endpoint's answer. Asked once: a code can be redeemed once."""
        endpoint = f"{self._at(tenant_id)}/oauth2/v2.0/token"
        client = CloudClient(
            self._http,
            self._entra.login_url,
            where=tenant_id,
            explain=partial(explain_sign_in, login_url=self._entra.login_url),
            retry=Retry(attempts=1),
        )
        form = {
            "client_id": self._entra.client_id,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
            "scope": self._scope,
            **self._client.proof(endpoint, self._clock.now()),
        }
        path = endpoint.removeprefix(self._entra.login_url)
        answer = await client.post(path, form=form, accept={400})
        if answer.status != 400:
            return answer
        if answer.error_field("error") in ("invalid_grant", "interaction_required"):
            # The code itself is refused: used before, too old, or not ours.
            number = code_of(answer)
            raise SignInRefused(
                "Microsoft does not take the code of this sign-in.",
                reason=f"AADSTS{number}" if number else "invalid_grant",
            )
        raise explain_sign_in(answer, self._entra.login_url) or CloudError(
            "Microsoft refused the sign-in.", where=tenant_id, call=answer.call
        )

    async def _mfa(
        self, tenant_id: str, object_id: str, claims: Mapping[str, Any], access_token: object
    ) -> MfaShown:
        """How this sign-in shows MFA, by the strongest evidence that is configured."""
        if self._settings.api_scope:
            api = self._settings.api_scope.rpartition("/")[0]
            proof = await self._check.claims(
                access_token, tenant_id, version="1.0", audiences=(api, self._entra.client_id)
            )
            if exact(str(proof.get("oid", ""))) != exact(object_id):
                raise TokenInvalid("its two halves are of different accounts")
            if MFA_METHODS & _texts(proof.get("amr")):
                return MfaShown.AMR
        context = self._settings.auth_context
        if context and context in _texts(claims.get("acrs")):
            return MfaShown.ACRS
        return MfaShown.NOT_PROVEN


def _texts(claim: object) -> frozenset[str]:
    """A claim that is a text or a list of texts."""
    listed = claim if isinstance(claim, list) else [claim]
    return frozenset(item for item in listed if isinstance(item, str))
