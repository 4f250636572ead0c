"""The measure for Teams: the echo of the Bot Framework SDK's samples, on the SDK's cloud adapter.

    python -m tests.bench.stock_teams PORT PLATFORM_URL APP_ID

As in the samples each turn gets credentials and a connector of its own, so MSAL gets a token for
each. What Microsoft's login says to it is said here and at once: MSAL speaks to nobody without TLS.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, cast

from aiohttp import web
from botbuilder.core import CloudAdapterBase, TurnContext
from botbuilder.schema import Activity
from botframework.connector.auth import (
    BotFrameworkAuthenticationFactory,
    PasswordServiceClientCredentialFactory,
)
from msal import (  # type: ignore[import-untyped]  # it has no types
    ConfidentialClientApplication,
)

LOGIN = "https://login.microsoftonline.com/botframework.com"
SCOPE = ISSUER = "https://api.botframework.com"


class Said:
    """A response, as `requests` has it."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.status_code, self.headers, self.text = 200, dict[str, str](), json.dumps(body)

    def raise_for_status(self) -> None:
        return None


class Login:
    """What MSAL asks for over HTTP (its `http_client`)."""

    def get(self, url: str, **_: Any) -> Said:
        endpoints = ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
        return Said({"issuer": LOGIN, **{name: f"{LOGIN}/{name}" for name in endpoints}})

    def post(self, url: str, **_: Any) -> Said:
        return Said({"access_token": "a-token", "expires_in": 3599, "token_type": "Bearer"})

    def close(self) -> None:
        return None


class Credentials(PasswordServiceClientCredentialFactory):
    """The stock ones, with a login that needs no network."""

    async def create_credentials(self, *arguments: Any, **named: Any) -> Any:
        credentials: Any = await super().create_credentials(*arguments, **named)
        credentials.app = ConfidentialClientApplication(
            self.app_id,
            client_credential=self.password,
            authority=LOGIN,
            http_client=Login(),
            instance_discovery=False,
        )
        return credentials


def build(platform: str, app_id: str) -> web.Application:
    authentication = BotFrameworkAuthenticationFactory.create(
        to_channel_from_bot_login_url=LOGIN,
        to_channel_from_bot_oauth_scope=SCOPE,
        to_bot_from_channel_token_issuer=ISSUER,
        oauth_url=f"{platform}/oauth",
        to_bot_from_channel_open_id_metadata_url=f"{platform}/v1/.well-known/openidconfiguration",
        credential_factory=Credentials(app_id, "a-password"),
    )
    adapter = cast(Any, CloudAdapterBase(authentication))

    async def echo(turn: TurnContext) -> None:
        await turn.send_activity(f"Echo: {turn.activity.text}")

    async def messages(request: web.Request) -> web.Response:
        activity = cast(Any, Activity).deserialize(await request.json())
        await adapter.process_activity(request.headers["Authorization"], activity, echo)
        return web.Response(status=201)

    app = web.Application()
    app.router.add_post("/teams/messages", messages)
    return app


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    port, platform, app_id = sys.argv[1:]
    web.run_app(build(platform, app_id), host="127.0.0.1", port=int(port), print=None)
