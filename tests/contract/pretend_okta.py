"""One Okta org of the sandbox, each of whose resources can be made to answer anything.

Tokens, proofs, scopes, and what a resource allows to be asked are the sandbox's own.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.company.company import Company
from sandbox.company.records import BotRegistration, OktaOrg
from sandbox.keys import SigningKey
from sandbox.okta.api import okta_app

CLIENT_ID = "0oaclient"
Resource = Callable[[Request], Response]

_CLIENT_KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT_PEM = _CLIENT_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def _key(name: str) -> SigningKey:
    return SigningKey.generate(name)


class PretendOkta:
    """An ASGI app; `resources` maps a path to what it answers.

    `calls` and `queries` list what was asked for with good credentials, `tokens` the scopes of the
    tokens that were used for it, each token once. `clock` is Okta's.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self.url = url
        self.resources: dict[str, Resource] = {}
        self.calls: list[str] = []
        self.queries: list[str] = []
        self.bare_token_requests = 0
        self._used: dict[str, str] = {}
        self.org = OktaOrg(
            "contoso",
            "Contoso",
            "00o1",
            CLIENT_ID,
            "kid1",
            dpop=True,
            page_cap=200,
            public_jwk={
                **ECAlgorithm.to_jwk(_CLIENT_KEY.public_key(), as_dict=True),
                "kid": "kid1",
            },
            granted_scopes={
                f"okta.{name}.read" for name in ("apps", "roles", "users", "groups", "logs")
            },
            limits=defaultdict(lambda: 1_000_000),
            concurrency=1_000,
            api_tokens={"00token"},
        )
        self.company = Company(
            now=lambda: datetime.now(UTC),
            clock=clock,
            people={},
            orgs={"contoso": self.org},
            tenants={},
            bot=BotRegistration("", "", "", datetime.now(UTC)),
            okta_keys={"contoso": _key("okta")},
            bot_okta_keys={},
            bot_entra_key=_key("none"),
            login_key=_key("none"),
            addresses={"okta-contoso": url},
            on_okta=self._resource,
        )
        self._app = okta_app(self.company, "contoso")

    @property
    def tokens(self) -> list[str]:
        return list(self._used.values())

    def revoke(self) -> None:
        """No token issued so far is good any more."""
        self.company.okta_keys["contoso"] = _key("another")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/oauth2/v1/token":
            self.bare_token_requests += b"dpop" not in dict(scope["headers"])
        await self._app(scope, receive, send)

    def _resource(self, request: Request) -> Response:
        self.calls.append(request.url.path)
        self.queries.append(request.url.query)
        token = request.headers.get("authorization", "").rpartition(" ")[2]
        if token.count(".") == 2:
            claims = jwt.decode(token, options={"verify_signature": False})
            self._used[token] = " ".join(claims["scp"])
        resource = self.resources.get(request.url.path)
        return resource(request) if resource else error(404, "E0000007")


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
