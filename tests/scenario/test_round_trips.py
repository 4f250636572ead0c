"""What a question costs in the store: steps, each a way to it and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.scenario.conftest import Stage, listed, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELP = ["once", "limit", "members", "seen"]
"""Whether it came before, how much was said, who may, and where somebody is to be written to."""
Ask = Callable[[], Awaitable[object]]


async def steps(stage: Stage, ask: Ask) -> list[str]:
    """Which kinds of keys are used for a question, in order.

    The shortest of some: now and then something else goes on, and a minute begins in which who may
    is read anew.
    """
    return min([await _told(stage, ask) for _ in range(4)], key=len)


async def _told(stage: Stage, ask: Ask) -> list[str]:
    kinds = []
    async with stage.redis() as redis, redis.monitor() as monitor:
        await ask()
        await redis.echo("asked")
        while (heard := await monitor.next_command())["command"] != "ECHO asked":
            _, found, key = heard["command"].partition("{o365bot}:")
            if found and heard["client_type"] != "lua" and not key.startswith("engine:"):
                kinds.append(key.partition(":")[0].split()[0])
    return kinds


async def test_who_asks_for_help_is_looked_up_in_one_step(stage: Stage) -> None:
    """With groups of operators and of readers in the settings, on both platforms."""
    assert await steps(stage, lambda: stage.command("/o365 help", said("apps"))) == HELP
    assert await steps(stage, lambda: stage.ask_in_teams("help", said("apps"))) == HELP


async def test_a_list_is_read_in_a_few_steps_more(stage: Stage) -> None:
    """How the looks at the orgs went, which orgs there are, and the page with its counts.

    Those looks are read again when the page is drawn, which may be for several who ask.
    """
    told = await steps(stage, lambda: stage.command("/o365 apps", listed))
    asked = ["request"] if "request" in told else []  # other scenarios asked for apps of the page
    assert told == [*HELP, "scans", "orgs", "places", *asked, "scans"]
