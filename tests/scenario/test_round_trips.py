"""What a question costs in the store: steps, each a way to it and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.scenario.conftest import WITHIN, Stage, listed, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELP = ["once", "limit", "members", "seen"]
"""Whether it came before, how much was said, who may, and where somebody is to be written to."""
Ask = Callable[[], Awaitable[object]]


async def costs(stage: Stage, ask: Ask, *wanted: list[str]) -> None:
    """Asked again until nothing else went on beside it, and no minute began in which who may is
    read anew.
    """
    told: list[str] = []

    async def just_that() -> bool:
        told[:] = await steps(stage, ask)
        return told in wanted

    try:
        await wait_until(just_that, within=WITHIN)
    except AssertionError:
        assert told == wanted[0]
        raise


async def steps(stage: Stage, ask: Ask) -> list[str]:
    """Which kinds of keys are used for a question, in order."""
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
    await costs(stage, lambda: stage.command("/o365 help", said("apps")), HELP)
    await costs(stage, lambda: stage.ask_in_teams("help", said("apps")), HELP)


async def test_a_list_is_read_in_a_few_steps_more(stage: Stage) -> None:
    """How the looks at the orgs went, which orgs there are, and the page with its counts.

    Those looks are read again when the page is drawn, which may be for several who ask.
    """
    first, asked, last = [*HELP, "scans", "orgs", "places"], ["request"], ["scans"]
    # With a request where other scenarios asked for apps of the page.
    wanted = (first + last, first + asked + last)
    await costs(stage, lambda: stage.command("/o365 apps", listed), *wanted)
