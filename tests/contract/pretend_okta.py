"""A small Okta org for the contract tests.

It checks signatures and proofs as RFC 7523 and RFC 9449 say, and each of its resources can be made
to answer anything; what a resource does not allow to be asked, by `sandbox.okta.rules`, is refused.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.okta.errors import OktaError
from sandbox.okta.rules import resource_of

CLIENT_ID = "0oaclient"
Resource = Callable[[Request], Response]

_CLIENT_KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT_PEM = _CLIENT_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class PretendOkta:
    """An ASGI app; `resources` maps a path to what it answers.

    `scheme` is the token type it issues, `nonces` the challenge per endpoint (or ""), `scopes` what
    is granted, `life` the seconds a token lasts, `leeway` those that the client's clock may be off.
    `calls` lists the API paths that were asked for with good credentials, `tokens` the scopes that
    tokens were issued for.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.resources: dict[str, Resource] = {}
        self.scheme = "DPoP"
        self.nonces = {"token": "nonce-t1", "api": ""}
        self.scopes = {f"okta.{name}.read" for name in ("apps", "roles", "users", "groups", "logs")}
        self.life = 3600
        self.leeway = 5.0
        self.calls: list[str] = []
        self.queries: list[str] = []
        self.tokens: list[str] = []
        self.bare_token_requests = 0
        self._issued: dict[str, tuple[str, dict[str, Any]]] = {}
        self._jtis: set[str] = set()
        self._app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])

    def revoke(self) -> None:
        """No token issued so far is good any more."""
        self._issued.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/oauth2/v1/token":
            return self._token(request, {k: str(v) for k, v in (await request.form()).items()})
        return self._refusal(request) or self._resource(request)

    def _resource(self, request: Request) -> Response:
        self.calls.append(request.url.path)
        self.queries.append(request.url.query)
        known = resource_of(request.url.path.removeprefix("/api/v1"))
        if known is not None:
            try:
                known.check(request.query_params)
            except OktaError as refused:
                return refused.response()
        resource = self.resources.get(request.url.path)
        return resource(request) if resource else error(404, "E0000007")

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        url = f"{self.url}/oauth2/v1/token"
        if "dpop" not in request.headers:
            self.bare_token_requests += 1
            return JSONResponse({"error": "invalid_dpop_proof"}, 400)
        try:
            claims = jwt.decode(
                form["client_assertion"],
                _CLIENT_KEY.public_key(),
                algorithms=["ES256"],
                audience=url,
                leeway=self.leeway,
                options={"require": ["exp", "iat", "iss", "sub", "jti"]},
            )
        except jwt.InvalidTokenError:
            return JSONResponse({"error": "invalid_client"}, 401)
        assert claims["iss"] == claims["sub"] == CLIENT_ID
        proof, key = self._proof(request, url)
        self._once(claims["jti"])
        if self.nonces["token"] and proof.get("nonce") != self.nonces["token"]:
            return JSONResponse(
                {"error": "use_dpop_nonce"}, 400, {"dpop-nonce": self.nonces["token"]}
            )
        if not set(form["scope"].split()) <= self.scopes:
            return JSONResponse({"error": "invalid_scope"}, 400)
        token = f"token-{len(self.tokens)}"
        self.tokens.append(form["scope"])
        self._issued[token] = (form["scope"], key)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": self.scheme,
                "expires_in": self.life,
                "scope": form["scope"],
            }
        )

    def _refusal(self, request: Request) -> Response | None:
        """Checks the token and its proof; None when both are good."""
        if request.url.path.startswith("/.well-known/"):
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "SSWS" and token == "00token":
            return None
        if scheme != self.scheme or token not in self._issued:
            return error(401, "E0000011")
        if scheme == "DPoP":
            claims, key = self._proof(request, f"{self.url}{request.url.path}")
            digest = hashlib.sha256(token.encode()).digest()
            assert claims["ath"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
            assert key == self._issued[token][1], "the key that the token is bound to"
            if self.nonces["api"] and claims.get("nonce") != self.nonces["api"]:
                return JSONResponse(
                    None,
                    401,
                    {
                        "www-authenticate": 'DPoP error="use_dpop_nonce"',
                        "dpop-nonce": self.nonces["api"],
                    },
                )
        return None

    def _proof(self, request: Request, url: str) -> tuple[dict[str, Any], dict[str, Any]]:
        proof = request.headers["dpop"]
        header = jwt.get_unverified_header(proof)
        assert header["typ"] == "dpop+jwt"
        assert "d" not in header["jwk"]
        claims: dict[str, Any] = jwt.decode(
            proof,
            jwt.PyJWK.from_dict(header["jwk"], "ES256").key,
            algorithms=["ES256"],
            leeway=self.leeway,
        )
        assert claims["htm"] == request.method
        assert claims["htu"] == url
        self._once(claims["jti"])
        return claims, header["jwk"]

    def _once(self, jti: str) -> None:
        assert jti not in self._jtis, "a JWT was used twice"
        self._jtis.add(jti)


def error(status: int, code: str) -> Response:
    """Okta's error object."""
    return JSONResponse({"errorCode": code, "errorSummary": "…", "errorCauses": []}, status)


def says(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Resource:
    """A resource that always answers this."""
    return lambda request: JSONResponse(body, status, headers)


def in_pages(url: str, path: str, *pages: list[Any]) -> Resource:
    """A list in pages by Okta's `Link` headers, one line for each relation."""

    def page(request: Request) -> Response:
        number = int(request.query_params.get("after", "0"))
        answer = JSONResponse(pages[number])
        answer.headers.append("link", f'<{request.url}>; rel="self"')
        if number + 1 < len(pages):
            answer.headers.append("link", f'<{url}{path}?after={number + 1}&limit=2>; rel="next"')
        return answer

    return page
