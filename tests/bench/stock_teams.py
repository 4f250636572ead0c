"""The measure for Teams: the echo of the Bot Framework SDK's samples, on the SDK's own adapter.

    python -m tests.bench.stock_teams PORT PLATFORM_URL APP_ID

It takes any token of its own for good, so its outgoing calls cost it no sign-in.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, cast

from aiohttp import web
from botbuilder.core import BotFrameworkAdapter, BotFrameworkAdapterSettings, TurnContext
from botbuilder.schema import Activity
from botframework.connector.auth import ChannelValidation, MicrosoftAppCredentials


class Credentials(MicrosoftAppCredentials):
    """A token that is there already."""

    def get_access_token(self, force_refresh: bool = False) -> str:
        return "a-token"


def build(platform: str, app_id: str) -> web.Application:
    metadata = f"{platform}/v1/.well-known/openidconfiguration"
    ChannelValidation.open_id_metadata_endpoint = metadata
    credentials = Credentials(app_id, "a-password")
    adapter = BotFrameworkAdapter(
        BotFrameworkAdapterSettings(app_id, "a-password", app_credentials=credentials)
    )

    async def echo(turn: TurnContext) -> None:
        await turn.send_activity(f"Echo: {turn.activity.text}")

    async def messages(request: web.Request) -> web.Response:
        activity = cast(Any, Activity).deserialize(await request.json())
        await adapter.process_activity(activity, request.headers["Authorization"], echo)
        return web.Response(status=201)

    app = web.Application()
    app.router.add_post("/teams/messages", messages)
    return app


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    port, platform, app_id = sys.argv[1:]
    web.run_app(build(platform, app_id), host="127.0.0.1", port=int(port), print=None)
