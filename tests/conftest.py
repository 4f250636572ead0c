"""What every test may ask for: a real store, a browser, and no network beyond loopback."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import sys
from collections.abc import AsyncIterator, Generator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import certifi
import pytest
import pytest_asyncio
import redis.asyncio
import uvicorn.server
from hypothesis import settings

from adapters.redis.server.embedded import EmbeddedStore
from tests.mail_server import Certificates, make_certificates
from tools.setup import find_chromium, find_nginx


def _stay_on_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: a test that would call out fails, whichever library it does it through."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
    else:
        return
    try:
        local = ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        local = host == "localhost"
    if not local:
        raise RuntimeError(f"a test tried to reach {host}: tests stay on loopback")


sys.addaudithook(_stay_on_loopback)


class _Sooner:
    """asyncio as uvicorn sees it here: a tenth of a second, in which it notices that it is to end,
    and which it then waits for connections, is a fiftieth. Hundreds of tests end some servers each.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


vars(uvicorn.server)["asyncio"] = _Sooner()

# Whatever this machine trusts: nobody is called, and the bundle is the same everywhere.
for _name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
    os.environ.pop(_name, None)
_make_context = ssl.create_default_context
_of_the_bundle = cache(lambda: _make_context(cafile=certifi.where()))


def _context(*words: Any, **given: Any) -> ssl.SSLContext:
    """The one for the public authorities is read once: each httpx client asks for it anew, and it
    takes 20 ms of the hundred that a test takes.
    """
    if not words and given == {"cafile": certifi.where()}:
        return _of_the_bundle()
    return _make_context(*words, **given)


ssl.create_default_context = _context

# `make test` tries a few examples of each property, `make drills` more: the same ones each time, so
# that a change answers for itself. To search with new ones: `--hypothesis-profile=searching`. That
# a machine is busy with other things is no reason to fail.
settings.register_profile("few", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=1000)
settings.load_profile("few")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collecting makes objects by the million that all stay: looking through them for garbage,
    meanwhile and after each test, would take half of its time again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _together(item: pytest.Item) -> Path:
    """What one process does best: a file, or all that draw in a browser, or all the scenarios that
    share one bot. Whichever process does some of these starts a browser, or a bot.
    """
    folder = item.path.parent
    shares = (
        folder.name == "scenario"
        and isinstance(item, pytest.Function)
        and "stage" in item.fixturenames
        and not hasattr(item.module, "stage")
    )
    return folder if shares or folder.name == "browser" else item.path


def _seconds(path: Path, tests: int) -> float:
    """About how long that takes: most scenarios wait for a bot of their own, whatever they ask."""
    if path.name == "browser":
        return 4.0 * tests
    return {"test_every_button.py": 50.0, "scenario": 25.0}.get(
        path.name, 10.0 if path.parent.name == "scenario" else 0.15 * tests
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each process of a run as much to do, file by file, the longest files first.

    xdist cuts the list into equal parts: so all begin with what waits longest, and end with what
    is short, single tests of which fill the parts up.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes == 1:
        return
    files: dict[Path, list[pytest.Item]] = {}
    fill: list[pytest.Item] = []
    for item in items:
        tests = fill if "unit" in item.path.parts else files.setdefault(_together(item), [])
        tests.append(item)
    took = {path: _seconds(path, len(tests)) for path, tests in files.items()}
    parts: list[list[pytest.Item]] = [[] for _ in range(processes)]
    taken = [0.0] * processes
    for path in sorted(took, key=lambda path: -took[path]):
        least = taken.index(min(taken))
        taken[least] += took[path]
        parts[least] += files[path]
    left = len(items)
    for number, part in enumerate(parts):
        size = left // (processes - number)
        left -= size
        room = max(0, size - len(part))
        part += fill[:room]
        del fill[:room]
    items[:] = [*(item for part in parts for item in part), *fill]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the sandbox's RSA keys: they are slow to make, and one set is enough for all
    the processes of a run.
    """
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "keys"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of 127.0.0.1, and of the authority that signed it."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def store_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of one real Valkey for the whole session; use `redis_url` instead."""
    async with EmbeddedStore(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest_asyncio.fixture
async def redis_url(store_server: str) -> AsyncIterator[str]:
    """The address of a real, empty Valkey; whatever the test leaves there is gone after it."""
    yield store_server
    async with redis.asyncio.Redis.from_url(store_server) as client:
        await client.flushall()


@pytest_asyncio.fixture
async def redis_client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the real, empty Valkey of this test; answers are bytes."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium to drive; where there is none, the test is left out, in CI fails."""
    path = find_chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("There is no Chromium, and CI never leaves the browser tests out.")
    if path is None:
        pytest.skip("no Chromium here: make test installs it, or set CHROMIUM to the path of one")
    return path


@pytest.fixture(scope="session")
def nginx_path() -> str:
    """The path of an nginx; where there is none, the test is left out, in CI fails."""
    path = find_nginx()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("There is no nginx, and CI never leaves the proxy's tests out.")
    if path is None:
        pytest.skip("no nginx here: make test installs it, or set NGINX to the path of one")
    return path
