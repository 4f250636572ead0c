"""Tokens of the pretend Microsoft login host: who asks, what they get, and how it says no.

Error numbers are those of learn.microsoft.com, "Microsoft Entra authentication and authorization
error codes"; the assertion is that of "Application authentication certificate credentials".
Protocol times are real time, never the company's clock, which may be jumped.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from starlette.responses import JSONResponse

from sandbox.company.company import Company
from sandbox.company.records import GRAPH_APP_ID, EntraAccount, EntraTenant, guid
from sandbox.keys import TIMELESS, b64url, check_times

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 3900


class LoginError(Exception):
    """An error of the login host; `number` is its AADSTS number."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(f"AADSTS{number}")
        self.status = status
        self.error = error
        self.number = number
        self.description = f"AADSTS{number}: {message}"

    def response(self) -> JSONResponse:
        """The JSON that the token and metadata endpoints answer with."""
        trace, correlation = guid(secrets.token_hex(8)), guid(secrets.token_hex(8))
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return JSONResponse(
            {
                "error": self.error,
                "error_description": f"{self.description} Trace ID: {trace} "
                f"Correlation ID: {correlation} Timestamp: {at}",
                "error_codes": [self.number],
                "timestamp": at,
                "trace_id": trace,
                "correlation_id": correlation,
            },
            self.status,
        )


def tenant_named(company: Company, name: str) -> EntraTenant:
    """The tenant of this GUID or domain. Raises `LoginError` for an unknown one."""
    for tenant in company.tenants.values():
        if tenant.answers_to(name):
            return tenant
    raise LoginError(
        400,
        "invalid_tenant",
        90002,
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud.",
    )


@dataclass(frozen=True)
class Code:
    """What an authorization code stands for."""

    tenant_id: str
    account_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    challenge: str | None
    expires: float
    mfa: bool = True
    context: str = ""


@dataclass
class Tokens:
    """Checks clients and issues tokens."""

    company: Company

    @property
    def base(self) -> str:
        """The login host's base URL."""
        return self.company.addresses["login"]

    def check_client(self, tenant: EntraTenant, path: str, form: dict[str, str]) -> None:
        """Raise `LoginError` unless the form proves to come from the bot."""
        bot = self.company.bot
        client_id = form.get("client_id", "")
        if client_id != bot.client_id or tenant.bot_roles is None:
            raise LoginError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory "
                f"'{tenant.display_name}'. This can happen if the application has not been "
                "installed by the administrator of the tenant or consented to by any user in the "
                "tenant.",
            )
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            self._check_assertion(tenant, path, form.get("client_assertion", ""))
        elif "client_secret" not in form:
            raise LoginError(
                401,
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'.",
            )
        elif not hmac.compare_digest(form["client_secret"].encode(), bot.client_secret.encode()):
            raise LoginError(401, "invalid_client", 7000215, "Invalid client secret provided.")

    def _check_assertion(self, tenant: EntraTenant, path: str, assertion: str) -> None:
        bot = self.company.bot
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("x5t#S256") != bot.thumbprint:
                raise LoginError(
                    401,
                    "invalid_client",
                    700027,
                    "The certificate with identifier used to sign the client assertion is not "
                    "registered on application.",
                )
            claims = jwt.decode(
                assertion,
                self.company.bot_entra_key.private.public_key(),
                algorithms=["PS256", "RS256"],
                audience=[
                    f"{self.base}{path}",
                    f"{self.base}/{tenant.id}/oauth2/v2.0/token",
                ],
                options={**TIMELESS, "require": ["exp", "nbf", "iss", "sub", "aud", "jti"]},
            )
            check_times(claims, self.company.clock())
        except jwt.InvalidAudienceError as error:
            raise LoginError(
                401,
                "invalid_client",
                700023,
                "Client assertion audience claim does not match Realm issuer.",
            ) from error
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise LoginError(
                401,
                "invalid_client",
                700024,
                "Client assertion is not within its valid time range.",
            ) from error
        except jwt.InvalidTokenError as error:
            raise LoginError(
                401,
                "invalid_client",
                700027,
                f"Client assertion failed signature validation. [Reason - {error}]",
            ) from error
        if claims["iss"] != bot.client_id or claims["sub"] != bot.client_id:
            raise LoginError(
                401,
                "invalid_client",
                700021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            )

    def app_only(self, tenant: EntraTenant, scope: str) -> dict[str, Any]:
        """The answer to `client_credentials`: an app-only token for Microsoft Graph."""
        resource, found, _ = scope.partition("/.default")
        if not found or resource not in self.graph_audiences():
            raise LoginError(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier.",
            )
        principal = guid(f"{tenant.id}/sp/bot")
        token = self._sign(
            tenant,
            aud=resource,
            iss=v1_issuer(tenant),
            appid=self.company.bot.client_id,
            appidacr="2",
            idtyp="app",
            oid=principal,
            sub=principal,
            roles=sorted(tenant.bot_roles or ()),
            ver="1.0",
        )
        return {**_bearer(), "access_token": token}

    def signed_in(self, tenant: EntraTenant, account: EntraAccount, code: Code) -> dict[str, Any]:
        """The answer to `authorization_code`: an ID token (v2.0) and an access token.

        The bot's own API takes tokens in version 1.0, the ones that carry `amr`.
        """
        bot = self.company.bot
        mfa = account.mfa and code.mfa
        same = {
            "name": account.display_name,
            "oid": account.id,
            "sub": b64url(guid(f"{bot.client_id}/{account.id}").encode())[:43],
        }
        id_token = self._sign(
            tenant,
            aud=bot.client_id,
            iss=f"{self.base}/{tenant.id}/v2.0",
            preferred_username=account.upn,
            auth_time=int(self.company.clock()),
            ver="2.0",
            **same,
            **({"nonce": code.nonce} if code.nonce else {}),
            **({"acrs": [code.context]} if code.context and mfa else {}),
        )
        own_api = any(scope.startswith(f"{bot.app_id_uri}/") for scope in code.scope.split())
        access_token = self._sign(
            tenant,
            aud=bot.app_id_uri if own_api else GRAPH_APP_ID,
            iss=v1_issuer(tenant),
            appid=bot.client_id,
            amr=["pwd", "mfa"] if mfa else ["pwd"],
            scp=" ".join(scope.rpartition("/")[2] for scope in code.scope.split()),
            upn=account.upn,
            ver="1.0",
            **same,
        )
        return {
            **_bearer(),
            "scope": code.scope,
            "access_token": access_token,
            "id_token": id_token,
        }

    def graph_audiences(self) -> set[str]:
        """The names under which a token may be meant for Microsoft Graph."""
        return {self.company.addresses["graph"], "https://graph.microsoft.com", GRAPH_APP_ID}

    def _sign(self, tenant: EntraTenant, **claims: Any) -> str:
        now = int(self.company.clock())
        times = {"iat": now, "nbf": now, "exp": now + LIFETIME_SECONDS}
        identity = {"tid": tenant.id, "uti": secrets.token_urlsafe(16)}
        return self.company.login_key.sign({**claims, **times, **identity})


def v1_issuer(tenant: EntraTenant) -> str:
    """The issuer of version 1.0 tokens; it is a name, not an address that is called."""
    return f"https://sts.windows.net/{tenant.id}/"


def _bearer() -> dict[str, Any]:
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
    }
