"""The webhook of a started bot, over real HTTPS, and over a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response

from sandbox.world import MONITORING_TOKEN
from tests.contract.test_webhook import SECRET, over_tls
from tests.mail_server import make_certificates
from tests.scenario.conftest import AT_ANY_HOUR, open_stage, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Receiver:
    """Somebody's ticket system. While it is out it answers 503."""

    out: bool = True
    refused: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)

    async def take(self, request: Request) -> Response:
        event = Webhook(SECRET).verify(await request.body(), dict(request.headers))
        name = request.headers["webhook-id"]
        if self.out:
            self.refused.append(name)
            return Response(status_code=503)
        self.taken[name] = event["type"]
        return Response(status_code=204)


async def test_an_event_that_was_not_taken_comes_again_after_a_restart(
    tmp_path: Path, keys: Path
) -> None:
    """The same one, under the same id; meanwhile health says so, and then no more."""
    certificates, one = make_certificates(tmp_path, "localhost"), Receiver()
    async with over_tls(one.take, certificates) as url:
        webhook = {"url": url, "secret": SECRET, "ca_file": str(certificates.authority)}
        lines = [f"{key} = {json.dumps(value)}" for key, value in webhook.items()]
        more = "\n".join([AT_ANY_HOUR, "[webhook]", "allow_private = true", *lines])
        async with open_stage(tmp_path, keys, more) as stage:

            async def is_unwell() -> bool:
                headers = {"Authorization": f"Bearer {MONITORING_TOKEN}"}
                async with httpx.AsyncClient(
                    trust_env=False, timeout=60, headers=headers
                ) as client:
                    parts = (await client.get(f"{stage.bot.url}/health")).json()["parts"]
                if "webhook" in parts:
                    assert "it answers 503" in parts["webhook"]["reason"]
                return "webhook" in parts

            async def is_well() -> bool:
                return not await is_unwell()

            await stage.command("/o365 send Office 365 HQ now", said("Office 365 HQ"))
            await wait_until(lambda: bool(one.refused), within=60, what="the event was posted")
            await wait_until(is_unwell, within=60, what="health says so")
            await stage.bot.revive()
            one.out = False
            await wait_until(
                lambda: one.refused[0] in one.taken and "request.asked" in one.taken.values(),
                within=60,
                what="both were taken",
            )
            await wait_until(is_well, within=60, what="health says no more")
