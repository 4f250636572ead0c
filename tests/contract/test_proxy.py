"""The proxy of the compose file, as it is shipped, in front of a served app.

Only names, ports and the length of its deadline are others here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from functools import cache
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.web.networks import network_of
from sandbox.bot_process import free_port
from tests.mail_server import make_certificates
from tests.serving import served
from tests.waiting import wait_until

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
HOST = "o365bot.example.com"
MOST = int(re.findall(r"limit_conn connections (\d+);", CONFIG.read_text())[0])


async def told(request: Request) -> Response:
    return JSONResponse({"network": network_of(request), "host": request.headers["host"]})


APP = Starlette(routes=[Route("/", told), Route("/health", told), Route("/metrics", told)])


@pytest.fixture
async def port(nginx_path: str, tmp_path: Path) -> AsyncIterator[int]:
    """Where the proxy listens."""
    pem = make_certificates(tmp_path, HOST).server.read_text()
    for name in ("tls_chain", "tls_key"):
        (tmp_path / name).write_text(pem)
    async with served(lambda _: APP, trusted_proxies=["127.0.0.1"]) as url:
        listen = free_port()
        config = CONFIG.read_text()
        for shipped, here in (
            ("server bot:8080", f"server {url.removeprefix('http://')}"),
            ("listen 8443", f"listen 127.0.0.1:{listen}"),
            ("/tmp/", f"{tmp_path}/"),
            ("/run/secrets/", f"{tmp_path}/"),
            ("client_header_timeout 10s", "client_header_timeout 2s"),
            ("worker_processes auto", "worker_processes 1"),
        ):
            assert shipped in config
            config = config.replace(shipped, here)
        (tmp_path / "nginx.conf").write_text(config)
        proxy = await asyncio.create_subprocess_exec(
            nginx_path, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-g", "daemon off;"
        )
        try:
            await wait_until(lambda: is_open(listen), what="the proxy listens", within=60)
            yield listen
        finally:
            proxy.terminate()
            await proxy.wait()


async def is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@cache
def trusting() -> ssl.SSLContext:
    """The certificate is a test's own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def connected(
    stack: AsyncExitStack, port: int, said: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trusting(), server_hostname=HOST
    )
    stack.callback(writer.close)
    writer.write(said)
    return reader, writer


def browser(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{port}", verify=trusting(), trust_env=False, timeout=60
    )


async def test_the_bot_hears_where_the_caller_is_and_under_which_name(port: int) -> None:
    """What a caller writes into the header itself is thrown away."""
    async with browser(port) as one:
        for forged in ({}, {"X-Forwarded-For": "198.51.100.7"}):
            answer = await one.get(
                "/", headers={"Host": HOST, **forged}, extensions={"sni_hostname": HOST}
            )
            assert answer.json() == {"network": "127.0.0.1", "host": HOST}
            assert "nginx/" not in answer.headers.get("server", "")


@pytest.mark.parametrize(
    "path", ["/health", "/health/ready", "/metrics", "/%68ealth", "/health?a=b"]
)
async def test_what_is_for_your_own_network_is_let_through_to_nobody(port: int, path: str) -> None:
    """However it is written."""
    async with browser(port) as one:
        answer = await one.get(path, headers={"Host": HOST}, extensions={"sni_hostname": HOST})
        assert answer.status_code == 404
        assert "network" not in answer.text


async def test_another_name_gets_no_answer(port: int) -> None:
    """Not even a handshake."""
    async with browser(port) as one:
        for name in ("evil.example.com", ""):
            with pytest.raises(httpx.ConnectError):
                await one.get("/", extensions={"sni_hostname": name or None})


async def test_headers_that_do_not_end_are_cut_off_and_hold_nobody_up(port: int) -> None:
    """Far more of them than one address may have; somebody who asks in whole is answered after."""
    async with AsyncExitStack() as stack:
        half = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-A:".encode()
        held = [await connected(stack, port, half) for _ in range(MOST * 2)]
        async with asyncio.timeout(30):
            for reader, _ in held:
                with suppress(ConnectionError):
                    while await reader.read(1024):
                        pass
        async with browser(port) as one:
            answer = await one.get("/", headers={"Host": HOST}, extensions={"sni_hostname": HOST})
            assert answer.status_code == 200


async def test_one_address_has_so_many_requests_under_way(nginx_path: str, port: int) -> None:
    """Those that are in the middle of a body count; the next is told to come later."""
    async with AsyncExitStack() as stack:
        body = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 9\r\n\r\nab".encode()
        for _ in range(MOST):
            await connected(stack, port, body)
        reader, _ = await connected(stack, port, body)
        async with asyncio.timeout(30):
            assert b" 429 " in await reader.readline()
