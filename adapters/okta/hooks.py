"""Event hooks: Okta tells that something happened to an app, and just that app is looked at again.

The contract is that of developer.okta.com, "Event hooks": one GET with a challenge when the hook is
verified, then POSTs with a secret that the admin chose, delivered at least once and in any order,
to be answered within three seconds. What an event says is not believed, it is a reason to look; and
what a hook loses, the System Log tells at the next scan. docs/event-hooks.md says how to make one.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import structlog
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from adapters.okta.parse import inside, objects, text
from bot.domain.inventory.apps import AppRef
from bot.errors import StoreError
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock

CHALLENGE = "x-okta-verification-challenge"
ANSWER_SECONDS = 2.5  # Okta waits for three
MAX_BODY_BYTES = 512 * 1024
MAX_CHALLENGE = 1024
MAX_APPS = 100  # of one delivery; a hook that names more is caught up with by the next scan
# One Save makes several events: they are answered with one look. Short, since a person waits.
SETTLE = timedelta(seconds=2)

log = structlog.get_logger(__name__)


class OktaHooks:
    """The endpoint of every org's event hook, at `/okta/events/{org}`.

    `secrets` maps an org's name to what its hook sends as `Authorization`. An org without one, or
    that is not known, is answered as one is whose secret is wrong: which orgs there are is told to
    nobody.
    """

    def __init__(
        self,
        secrets: Mapping[str, SecretStr],
        *,
        ledger: Ledger,
        engine: Engine,
        clock: Clock,
    ) -> None:
        self._secrets = dict(secrets)
        self._nobodys = SecretStr(token_urlsafe(32))
        self._ledger = ledger
        self._engine = engine
        self._clock = clock

    async def endpoint(self, request: Request) -> Response:
        """Answer the verification, or take one delivery. Never raises for what came in."""
        org = str(request.path_params.get("org", ""))
        secret = self._secrets.get(org, self._nobodys)
        if request.method in ("GET", "HEAD"):
            return _verified(request)
        told = request.headers.get("authorization", "")
        if not hmac.compare_digest(told.encode(), secret.get_secret_value().encode()):
            known = org if org in self._secrets else "not known, or without a hook_secret"
            log.warning("event hook refused: wrong secret", org=known)
            return Response(status_code=401)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await _read(request)
                if body is None:
                    return Response(status_code=413)
                return await self._take(org, body)
        except ClientDisconnect:
            return Response(status_code=400)
        except (StoreError, TimeoutError) as error:
            log.error("event hook not accepted", org=org, reason=str(error) or "too slow")
            return Response(status_code=503)  # Okta sends it once more

    async def _take(self, org: str, body: bytes) -> Response:
        try:
            delivery: Any = json.loads(body)
        except (ValueError, RecursionError):
            delivery = None
        events = inside(delivery, "data", "events")
        if not text(inside(delivery, "eventId")) or not isinstance(events, list):
            log.warning("event hook refused: not what Okta documents", org=org)
            return Response(status_code=400)
        refs = await self._known(org, objects(events))
        if refs:
            # Not marked as seen: a delivery that comes twice is one more look at most, while one
            # that was marked and then failed would be lost when Okta sends it again.
            at = self._clock.now() + SETTLE
            await asyncio.gather(*(self._engine.verify(ref, at) for ref in refs))
            log.info("event hook: looking again", org=org, apps=len(refs))
        return Response(status_code=200)

    async def _known(self, org: str, events: Iterable[Mapping[str, Any]]) -> list[AppRef]:
        """The apps among the targets. Whatever else happens in an org is no business of ours."""
        ids = {text(t.get("id")) for event in events for t in objects(event.get("target"))}
        named = [AppRef(org, app_id) for app_id in sorted(filter(None, ids))][:MAX_APPS]
        found = await asyncio.gather(*(self._ledger.app(ref) for ref in named))
        return [record.app.ref for record in found if record is not None]


def _verified(request: Request) -> Response:
    challenge = request.headers.get(CHALLENGE, "")
    if not challenge or len(challenge) > MAX_CHALLENGE:
        return Response(status_code=400)
    return JSONResponse({"verification": challenge})


async def _read(request: Request) -> bytes | None:
    """The body; None when it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
