"""A pretend Microsoft for each file of tests, fresh for each test, and a client that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.entra.client import EntraClient
from tests.contract.entra.microsoft import START, Microsoft, running
from tests.contract.loopback import SteppingClock


@pytest.fixture
def clock() -> SteppingClock:
    """The clock of the client and of the pretend Microsoft."""
    return SteppingClock(START)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def microsoft_server() -> AsyncIterator[Microsoft]:
    """The running servers; use `microsoft` instead."""
    async with running() as microsoft:
        yield microsoft


@pytest_asyncio.fixture(loop_scope="module")
async def microsoft(microsoft_server: Microsoft, clock: SteppingClock) -> AsyncIterator[Microsoft]:
    """A pretend Microsoft that knows nothing yet but its tokens, and its client."""
    microsoft_server.reset(clock)
    client = EntraClient(microsoft_server.settings(), clock, sleep=clock.sleep)
    microsoft_server.client = client
    yield microsoft_server
    await client.aclose()
