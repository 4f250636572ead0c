"""A light Okta for measuring: a process of its own, one port per org, with a fixed latency.

    python -m tests.bench.okta_server '{"orgs": 20, "apps": 50, "latency": 0.15, "events": 0}'

Prints the addresses as one line of JSON, and serves until its standard input is closed. It checks
nothing and has no limits: the sandbox's checks would cost more than what is measured, on the same
two cores. `GET /calls` tells how many API calls each org got since the last time.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.types import Receive, Scope, Send

PAGE = 200


@dataclass(frozen=True)
class Size:
    """Orgs, apps of each, seconds before an API answer, System Log events of each app."""

    orgs: int
    apps: int
    latency: float = 0.0
    events: int = 0


def app_json(number: int) -> dict[str, Any]:
    """An app with the settings of a recorded answer, some 900 bytes."""
    app_id = f"0oa{number:017}"
    return {
        "id": app_id,
        "orn": f"orn:okta:idp:00o0000000000000001:apps:office365:{app_id}",
        "name": "office365",
        "label": f"Office 365 {number}",
        "status": "ACTIVE",
        "lastUpdated": "2026-03-27T07:35:10.000Z",
        "features": ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION"],
        "signOnMode": "SAML_1_1",
        "settings": {
            "app": {
                "tenantType": None,
                "wsFedConfigureType": "AUTO",
                "occSettings": None,
                "windowsTransportEnabled": False,
                "domain": f"d{number}.contoso.example",
                "msftTenant": f"contoso{number % 10}",
                "domains": [],
                "office365ProvisioningType": "DEFAULT",
                "requireAdminConsent": False,
                "office365FlexibleProvisioningMode": None,
            }
        },
    }


def event_json(number: int) -> dict[str, Any]:
    """A credential error, the most talkative kind of event."""
    return {
        "uuid": f"{number:08x}-1111-2222-3333-444444444444",
        "published": "2026-03-27T07:35:10.123Z",
        "eventType": "app.office365.api.error.validate.creds",
        "outcome": {"result": "FAILURE", "reason": "AADSTS50076"},
        "actor": {"displayName": "Okta System", "alternateId": "system@okta.com"},
        "target": [],
        "debugContext": {"debugData": {"adminUserName": "admin@contoso0.onmicrosoft.com"}},
    }


class Okta:
    """Every org's answers; the address tells which org is asked. `calls` counts them by address.

    `make_app` makes one of an org's apps, of its address and its number.
    """

    def __init__(
        self,
        size: Size,
        make_app: Callable[[str, int], dict[str, Any]] = lambda _, number: app_json(number),
    ) -> None:
        self._size = size
        self._make_app = make_app
        self.calls: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = next(value for name, value in scope["headers"] if name == b"host")
        base = f"{scope['scheme']}://{host.decode()}"
        path = scope["path"]
        query = parse_qs(scope["query_string"].decode())
        if path == "/calls":
            body: Any = dict(self.calls)
            self.calls.clear()
            await _answer(send, body)
            return
        if path == "/oauth2/v1/token":
            token = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
            await _answer(send, token)
            return
        self.calls[base] += 1
        if self._size.latency:
            await asyncio.sleep(self._size.latency)
        await _answer(send, *self._say(path, base, int(query.get("after", ["0"])[0])))

    def _say(self, path: str, base: str, start: int) -> tuple[Any, str]:
        if path == "/api/v1/apps":
            end = min(start + PAGE, self._size.apps)
            more = f"{base}{path}?after={end}&limit={PAGE}" if end < self._size.apps else ""
            return [self._make_app(base, number) for number in range(start, end)], more
        if path == "/api/v1/logs":
            end = min(start + PAGE, self._size.apps * self._size.events)
            return [self._event(n) for n in range(start, end)], f"{base}{path}?after={end}"
        if path.endswith("/connections/default"):
            return {"status": "ENABLED", "profile": {"authScheme": "OAUTH2"}, "_links": {}}, ""
        return {"value": []}, ""

    def _event(self, number: int) -> dict[str, Any]:
        app_id = f"0oa{number % self._size.apps:017}"
        return event_json(number) | {"target": [{"id": app_id, "type": "AppInstance"}]}


async def _answer(send: Send, body: Any, more: str = "") -> None:
    headers = [(b"content-type", b"application/json")]
    if more:
        headers.append((b"link", f'<{more}>; rel="next"'.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


@asynccontextmanager
async def okta_server(size: Size) -> AsyncIterator[list[str]]:
    """Run it; gives the orgs' addresses."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.okta_server",
        json.dumps(asdict(size)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            addresses = json.loads(await process.stdout.readline())
        yield list(addresses)
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(size: Size) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=256) for _ in range(size.orgs)]
    config = uvicorn.Config(
        Okta(size), log_level="warning", lifespan="off", access_log=False, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=sockets))
    addresses = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(Size(**json.loads(sys.argv[1]))))
