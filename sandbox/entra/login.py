"""The pretend Microsoft login host: metadata, keys and tokens of every tenant; its pages.

Addresses and fields as in learn.microsoft.com, "OpenID Connect on the Microsoft identity
platform" and "OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.company.company import Company
from sandbox.company.records import EntraTenant
from sandbox.entra.pages import SignInPages
from sandbox.entra.tokens import Code, LoginError, Tokens, tenant_named, v1_issuer
from sandbox.keys import b64url


def login_app(company: Company) -> Starlette:
    """The ASGI app of the login host; its base URL is `company.addresses["login"]`."""
    login = Login(company)
    pages = SignInPages(company, login.codes)

    return Starlette(
        routes=[
            Route("/{tenant}/v2.0/.well-known/openid-configuration", login.metadata_v2),
            Route("/{tenant}/.well-known/openid-configuration", login.metadata_v1),
            Route("/{tenant}/discovery/v2.0/keys", login.keys),
            Route("/{tenant}/discovery/keys", login.keys),
            Route("/{tenant}/oauth2/v2.0/token", login.token, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/authorize", pages.show_sign_in, methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/authorize", pages.sign_in, methods=["POST"]),
            Route("/{tenant}/v2.0/adminconsent", pages.show_admin_consent, methods=["GET"]),
            Route("/{tenant}/v2.0/adminconsent", pages.admin_consent, methods=["POST"]),
            Route("/{tenant}/oauth2/authorize", pages.show_consent, methods=["GET"]),
            Route("/{tenant}/oauth2/authorize", pages.consent, methods=["POST"]),
        ],
        exception_handlers={LoginError: _answer},
    )


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, LoginError)
    return error.response()


@dataclass
class Login:
    """The endpoints that programs call. `codes` are the authorization codes that are out."""

    company: Company
    codes: dict[str, Code] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.company)

    async def metadata_v2(self, request: Request) -> JSONResponse:
        """`GET /{tenant}/v2.0/.well-known/openid-configuration`."""
        return self._metadata(tenant_named(self.company, request.path_params["tenant"]), "/v2.0")

    async def metadata_v1(self, request: Request) -> JSONResponse:
        """`GET /{tenant}/.well-known/openid-configuration`."""
        return self._metadata(tenant_named(self.company, request.path_params["tenant"]), "")

    def _metadata(self, tenant: EntraTenant, version: str) -> JSONResponse:
        here = f"{self.tokens.base}/{tenant.id}"
        return JSONResponse(
            {
                "issuer": f"{here}/v2.0" if version else v1_issuer(tenant),
                "authorization_endpoint": f"{here}/oauth2{version}/authorize",
                "token_endpoint": f"{here}/oauth2{version}/token",
                "jwks_uri": f"{here}/discovery{version}/keys",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                ],
                "response_modes_supported": ["query"],
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": tenant.region,
                "cloud_instance_name": "microsoftonline.com",
                "cloud_graph_host_name": "graph.windows.net",
                "msgraph_host": self.company.addresses["graph"].partition("://")[2],
            }
        )

    async def keys(self, request: Request) -> JSONResponse:
        """`GET /{tenant}/discovery/v2.0/keys`."""
        tenant_named(self.company, request.path_params["tenant"])
        issuer = f"{self.tokens.base}/{{tenantid}}/v2.0"
        return JSONResponse({"keys": [self.company.login_key.public_jwk(issuer=issuer)]})

    async def token(self, request: Request) -> JSONResponse:
        """`POST /{tenant}/oauth2/v2.0/token`: client credentials or an authorization code."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        form = {name: str(value) for name, value in (await request.form()).items()}
        grant_type = form.get("grant_type")
        if grant_type not in ("client_credentials", "authorization_code"):
            raise LoginError(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        self.tokens.check_client(tenant, request.url.path, form)
        if grant_type == "client_credentials":
            answer = self.tokens.app_only(tenant, form.get("scope", ""))
        else:
            code = self._redeem(tenant, form)
            answer = self.tokens.signed_in(tenant, tenant.account(code.account_id), code)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _redeem(self, tenant: EntraTenant, form: dict[str, str]) -> Code:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code.tenant_id != tenant.id:
            raise LoginError(
                400,
                "invalid_grant",
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid "
                "code.",
            )
        if code.expires < self.company.clock():
            raise LoginError(
                400, "invalid_grant", 70008, "The provided authorization code has expired."
            )
        if code.redirect_uri != form.get("redirect_uri"):
            raise LoginError(
                400,
                "invalid_grant",
                500112,
                "The reply address does not match the reply address provided when requesting "
                "Authorization code.",
            )
        digest = b64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if code.challenge is not None and not hmac.compare_digest(code.challenge, digest):
            raise LoginError(
                400,
                "invalid_grant",
                501481,
                "The Code_Verifier does not match the code_challenge supplied in the "
                "authorization request.",
            )
        return code
