"""The measure for Slack: the smallest app that slack-bolt's own guide has, which says hello.

python -m tests.bench.bare_slack PORT API_URL SIGNING_SECRET
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def build(api_url: str, signing_secret: str) -> Starlette:
    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb-none")

    app = AsyncApp(
        client=AsyncWebClient(base_url=api_url),
        signing_secret=signing_secret,
        authorize=authorize,
    )

    @app.command("/o365")
    async def hello(ack: Any, respond: Any) -> None:
        await ack()
        await respond("hello")

    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", events, methods=["POST"])])


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    port, api_url, secret = sys.argv[1:]
    uvicorn.run(build(api_url, secret), host="127.0.0.1", port=int(port), log_level="critical")
