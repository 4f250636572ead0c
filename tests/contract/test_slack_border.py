"""Slack, in: what is not taken, and what is not told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import open_web
from tests.contract.slack_stage import (
    FORM,
    JSON,
    OLA,
    SECRET,
    TOKEN,
    SlackBorder,
    Talk,
    command,
    event,
    mention,
    settings,
    signature,
    signed_headers,
)
from tests.fakes import OnceInMemory
from tests.serving import served
from tests.waiting import wait_until


async def test_an_event_that_nobody_listens_to_is_acknowledged(border: SlackBorder) -> None:
    """Anything but 200 would make Slack send it again."""
    for number, unknown in enumerate(
        (
            {"type": "reaction_added", "user": OLA},
            {"type": "message", "subtype": "message_changed", "channel_type": "im"},
            {"type": "message", "channel_type": "im", "channel": "D1", "bot_id": "B1", "text": "x"},
            {"type": "app_mention", "channel": "D1", "user": OLA, "text": "x"},
        )
    ):
        assert (await border.send(event(unknown, f"Ev{number}"))).status_code == 200
    for body in ({"type": "app_rate_limited"}, {"type": "view_closed"}, {}):
        assert (await border.send(json.dumps(body).encode())).status_code == 200
    await border.inbound.drain(20)
    assert border.talk.asked == []


GOOD = event(mention())


BAD: dict[str, tuple[int, bytes, str, dict[str, str]]] = {
    "forged": (401, GOOD, JSON, {"x-slack-signature": "v0=" + "0" * 64}),
    "signature cut off": (401, GOOD, JSON, {"x-slack-signature": "v0="}),
    "signature empty": (401, GOOD, JSON, {"x-slack-signature": ""}),
    "signature not ASCII": (401, GOOD, JSON, {"x-slack-signature": "v0=" + "é" * 64}),
    "time in words": (401, GOOD, JSON, {"x-slack-request-timestamp": "soon"}),
    "time without end": (401, GOOD, JSON, {"x-slack-request-timestamp": "1" * 400}),
    "time negative": (401, GOOD, JSON, {"x-slack-request-timestamp": "-1"}),
    "time in other digits": (401, GOOD, JSON, {"x-slack-request-timestamp": "١٢٣"}),
    "time not a number": (401, GOOD, JSON, {"x-slack-request-timestamp": "nan"}),
    "text": (415, GOOD, "text/plain", {}),
    "of no type": (415, GOOD, "", {}),
    "too large": (413, b"{" + b" " * 256 * 1024, JSON, {}),
    "JSON cut off": (400, b"{", JSON, {}),
    "JSON empty": (400, b"", JSON, {}),
    "a list": (400, b"[1]", JSON, {}),
    "null": (400, b"null", JSON, {}),
    "JSON too deep": (400, b"[" * 200_000, JSON, {}),
    "JSON not UTF-8": (400, b"\xff\xfe{}", JSON, {}),
    "no event": (400, b'{"event": 5}', JSON, {}),
    "no action": (400, b'{"type": "block_actions", "actions": [5]}', JSON, {}),
    "nobody's": (400, b'{"authorizations": "x"}', JSON, {}),
    "payload not JSON": (400, b"payload=not+json", FORM, {}),
    "payload a list": (400, b"payload=%5B1%5D", FORM, {}),
    "payload not UTF-8": (400, b"payload=%FF", FORM, {}),
    "form not UTF-8": (400, b"text=%FF%FE", FORM, {}),
    "form without end": (400, b"&".join(b"a%d=1" % n for n in range(500)), FORM, {}),
}


async def test_what_slack_would_not_send_is_refused(border: SlackBorder) -> None:
    """4xx with a short plain text, never 500, and nothing is asked or remembered."""
    got: dict[str, int] = {}
    for what, (_, body, kind, headers) in BAD.items():
        sent = signed_headers(body, kind) | headers
        response = await border.client.post(
            border.url, content=body, headers=[(k.encode(), v.encode()) for k, v in sent.items()]
        )
        got[what] = response.status_code
        assert response.headers["content-type"].startswith("text/plain")
        assert len(response.text) < 100
    assert got == {what: status for what, (status, *_) in BAD.items()}
    assert (border.talk.asked, border.once.seen) == ([], set())


# A stamp of the future comes nearer while the request is on its way, hence more than a second.
@pytest.mark.parametrize("away", [-301, 310])
async def test_a_stale_or_future_request_is_refused(border: SlackBorder, away: int) -> None:
    """However well it is signed."""
    headers = signed_headers(GOOD, JSON, at=time.time() + away)
    response = await border.client.post(border.url, content=GOOD, headers=headers)
    assert response.status_code == 401
    assert border.talk.asked == []


async def test_a_signature_of_another_body_or_secret_is_refused(border: SlackBorder) -> None:
    """It holds for one body at one time under one secret."""
    stamp = str(int(time.time()))
    for forged in (signature(b"{}", stamp), signature(GOOD, stamp, "another secret")):
        response = await border.send(
            GOOD, x_slack_signature=forged, x_slack_request_timestamp=stamp
        )
        assert response.status_code == 401
    assert border.talk.asked == []


async def test_headers_given_twice_are_refused(border: SlackBorder) -> None:
    """Which of the two would count is nobody's to guess."""
    headers = [*signed_headers(GOOD, JSON).items(), ("x-slack-signature", "v0=0")]
    response = await border.client.post(border.url, content=GOOD, headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_only_post_is_taken(border: SlackBorder, method: str) -> None:
    """405 with the method that is."""
    response = await border.client.request(method, border.url)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_body_without_end_is_not_read_to_its_end(border: SlackBorder) -> None:
    """It is refused as soon as it is too long, whatever length it announced."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000:
            sent += 1
            yield b" " * 65536

    headers = signed_headers(b"", JSON)
    with contextlib.suppress(httpx.TransportError):  # closed while we were still sending
        response = await border.client.post(border.url, content=endless(), headers=headers)
        assert response.status_code == 413
    assert sent < 1000
    assert border.talk.asked == []


@pytest.mark.parametrize("border", [{"body_seconds": 0.05}], indirect=True)
async def test_a_body_that_does_not_come_is_not_waited_for(border: SlackBorder) -> None:
    """408 after a while: connections are not for keeping open."""
    parts = urlsplit(border.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    headers = {"host": parts.netloc, "content-length": "9", **signed_headers(b"{", JSON)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {parts.path} HTTP/1.1\r\n{lines}\r\n{{".encode())
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert status.split()[1] == b"408"


async def test_genuine_requests_of_any_shape_are_no_server_errors(border: SlackBorder) -> None:
    """Slack adds fields and types; values of unexpected types break nothing."""
    odd: list[Any] = [None, 0, "x", [], [None], {}, {"id": 5}, {"type": {}}]
    bodies: list[dict[str, Any]] = []
    for value in odd:
        for name in ("user", "text", "channel", "ts", "channel_type", "bot_id", "thread_ts"):
            bodies.append({"type": "event_callback", "event": {**mention(), name: value}})
            bodies.append({"type": "event_callback", "event": {"type": "message", name: value}})
        for name in ("user", "container", "channel", "message", "response_url", "actions", "team"):
            pressed = {"type": "block_actions", "user": {"id": OLA}, "actions": [{"value": "x"}]}
            bodies.append({**pressed, name: value})
        bodies.append({"type": value})
        bodies.append({"type": "event_callback", "event": {"type": value}})
        bodies.append({"type": "event_callback", "event_id": value})
    statuses = {(await border.send(json.dumps(body).encode())).status_code for body in bodies}
    assert statuses <= {200, 400}


async def test_neither_bodies_nor_secrets_are_logged(
    border: SlackBorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Not for forgeries, not for what is taken, at no level."""
    caplog.set_level(logging.DEBUG)
    body = command("why hush", response_url="http://127.0.0.1:9/actions/T1/hush")
    with structlog.testing.capture_logs() as logs:
        await border.send(body, kind=FORM, x_slack_signature="v0=" + "0" * 64)
        await border.send(body, kind=FORM)
        await border.inbound.drain(20)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("slack", "o365bot"))]
    written = str(logs) + str(ours)
    for secret in ("hush", SECRET, TOKEN):
        assert secret not in written


async def test_slacks_environment_variables_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They would make Bolt read tokens from files of its own."""
    for name in ("CLIENT_ID", "CLIENT_SECRET", "BOT_TOKEN", "SIGNING_SECRET"):
        monkeypatch.setenv(f"SLACK_{name}", "from the environment")
    monkeypatch.setenv("HOME", str(tmp_path))
    talk = Talk()
    async with open_web(settings("http://127.0.0.1:9/api")) as web:
        inbound = SlackInbound(settings("http://127.0.0.1:9/api"), talk, OnceInMemory(), web)
        app = Starlette(routes=[Route("/", inbound.endpoint, methods=["POST"])])
        async with (
            served(lambda url: app) as url,
            httpx.AsyncClient(trust_env=False, timeout=60) as client,
        ):
            body = event(mention())
            headers = signed_headers(body, JSON)
            response = await client.post(url, content=body, headers=headers)
        assert response.status_code == 200
        await inbound.drain(20)
    assert talk.words == ["apps"]
    assert os.listdir(tmp_path) == []


async def test_slacks_unsigned_check_is_answered_and_does_nothing(border: SlackBorder) -> None:
    """Slack checks the certificate without a signature (docs.slack.dev, slash commands)."""
    for body in (b"ssl_check=1", b"ssl_check=1&token=abc"):
        response = await border.client.post(
            border.url, content=body, headers={"content-type": FORM}
        )
        assert (response.status_code, response.content) == (200, b"")
        response = await border.client.get(border.url, params=body.decode())
        assert (response.status_code, response.content) == (200, b"")
    response = await border.client.get(border.url, params="ssl_check=1&command=%2Fo365")
    assert response.status_code == 405
    assert (border.talk.asked, border.once.seen) == ([], set())


@pytest.mark.parametrize(
    "body",
    [
        b"ssl_check=0",
        b"ssl_check=1&command=%2Fo365&text=apps&user_id=U0OLA",
        b"ssl_check=1&payload=%7B%7D",
        b"ssl_check=1&ssl_check=1&token=x",
        b"ssl_check",
        b"x" * 5000,
        command("apps"),
    ],
    ids=map(str, range(7)),
)
async def test_nothing_else_comes_unsigned(border: SlackBorder, body: bytes) -> None:
    """However much it calls itself a check; 401, or 413 when it is long."""
    response = await border.client.post(border.url, content=body, headers={"content-type": FORM})
    assert response.status_code in (401, 413)
    assert (border.talk.asked, border.once.seen) == ([], set())


UNSERVED: list[dict[str, Any]] = [
    {"type": "view_submission", "view": {"id": "V1"}, "user": {"id": OLA}},
    {"type": "view_submission", "view": {}},
    {"type": "view_closed"},
    {"type": "workflow_step_edit", "workflow_step": {}},
    {"type": "workflow_step_execute"},
    {"type": "shortcut", "callback_id": 5},
    {"type": "message_action", "message": {}},
    {"type": "block_suggestion", "actions": [{"action_id": "x"}]},
    {"type": "dialog_submission", "submission": 5},
    {"type": "interactive_message", "actions": [{"name": "x"}]},
    {"type": "function_executed", "event": {"type": "function_executed", "function": None}},
    {"type": "event_callback", "event": {"type": "function_executed", "inputs": 5}},
    {"type": "event_callback", "event": {"type": "assistant_thread_started"}},
    {"type": "event_callback", "event": {"type": "team_join", "user": {"id": 5}}},
    {"type": "event_callback", "event": {"type": "message", "message": {"assistant": []}}},
    {"type": "app_rate_limited", "minute_rate_limited": "x"},
    {"type": 5},
    {"is_enterprise_install": "maybe", "enterprise": None, "team": None},
]


async def test_genuine_kinds_that_are_not_served_are_taken_in_silence(border: SlackBorder) -> None:
    """200, no traceback, and nothing happens: Slack adds kinds at any time."""
    with structlog.testing.capture_logs() as logs:
        for body in UNSERVED:
            assert (await border.send(json.dumps(body).encode())).status_code == 200, body
            form = urlencode({"payload": json.dumps(body)}).encode()
            assert (await border.send(form, kind=FORM)).status_code == 200, body
        await border.send(b"event=x", kind=FORM)
        await border.send(b"ssl_check=1", kind=FORM)
        await border.inbound.drain(20)
    assert border.talk.asked == []
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_halves_of_characters_break_nothing(border: SlackBorder) -> None:
    """JSON may hold what no UTF-8 can carry: in words, in ids, in the id of the event."""
    half = "\\ud83d"
    body = event(mention("apps X"), "EvX").decode()
    for odd in (body.replace("apps X", f"apps {half}"), body.replace("EvX", half)):
        assert (await border.send(odd.encode())).status_code == 200
    await wait_until(lambda: len(border.talk.asked) == 2)
    assert all("\ud83d" not in words for words in border.talk.words)
