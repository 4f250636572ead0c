"""Forty apps of one person, over signed requests: weeks in which nobody does anything, rehearsed.

`tests/unit/test_lives_with_many_apps.py` goes through more of such lives without the platforms.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.redis.keys import Keys
from adapters.redis.records.commit import milliseconds
from bot.domain.schedule import HOLD
from sandbox.chatlog import Message
from sandbox.company.records import OktaApp, okta_id
from sandbox.page import reading
from tests.scenario.conftest import WITHIN, Stage, listed, open_stage
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_NAMED, PER_WEEK, MANY, MORNINGS = 8, 3, 40, 45
PEOPLE = ("U0FAY", "U0FELIX")
LABELS = frozenset(f"Office 365 Site {n:02}" for n in range(MANY))
FAR = datetime.now(UTC).date() + timedelta(days=200)
SETTINGS = f"""
[[campaign.targets]]
on = {FAR}
org = "fabrikam"

[campaign]
countries = {{ "Asia/Tokyo" = "AQ", "Europe/Berlin" = "AQ" }}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def alone(tmp_path: Path, keys: Path) -> AsyncIterator[Stage]:
    """A stage whose clock may be set forward."""
    async with open_stage(tmp_path, keys, SETTINGS) as stage:
        yield stage


async def appear(stage: Stage) -> None:
    """Fay is the first of two who can do them, and can do nothing else."""
    company, now = stage.world.company, stage.world.company.now()
    domain = company.tenant("fabrikam").domains[0].name
    company.org("fabrikam").apps[:] = [
        OktaApp(
            okta_id("0oa", f"fabrikam/{label}"),
            label,
            domain,
            "fabrikam",
            created=now,
            last_updated=now,
        )
        for label in sorted(LABELS)
    ]
    await stage.command("/o365 scan", listed)


async def all_are_asked_for(stage: Stage) -> None:
    async def each_has_a_request() -> bool:
        async with stage.redis() as store:
            return bool(await store.hlen(Keys().asked("fabrikam")) == MANY)

    await wait_until(each_has_a_request, within=WITHIN, what="somebody is asked for each")


async def all_is_told(stage: Stage) -> None:
    """Until the bot has looked whether either of them is to be told anything by now (a line that it
    is at work on is held for `HOLD` from then), and what it decided is sent."""
    keys, held = Keys(), milliseconds(stage.world.clock.now() + 2 * HOLD)

    async def nothing_is_due() -> bool:
        async with stage.redis() as store:
            looks = [await store.zscore(keys.schedule(), f"person:slack:{who}") for who in PEOPLE]
            sent = await store.zrange(keys.due(), 0, -1)
        is_looked_at = all(at is None or at > held for at in looks)
        return is_looked_at and not any("round:" in str(key) for key in sent)

    await wait_until(nothing_is_due, within=WITHIN, what="what is due is told")


def named(message: Message) -> set[str]:
    return {label for label in LABELS if label in reading.text(message)}


async def test_each_of_forty_apps_is_named_and_nobody_gets_a_burst(alone: Stage) -> None:
    """Until the next person has some as well: at most one message a day and three a week, with
    eight apps in each, and nothing is passed on that was not named twice."""
    await appear(alone)
    await alone.command("/o365 send all", lambda message: True)
    await all_are_asked_for(alone)
    fay, felix = (alone.world.slack.dm_of(name) for name in ("fay", "felix"))
    told: dict[str, list[tuple[int, set[str]]]] = {"fay": [], "felix": []}
    for day in range(MORNINGS):
        since = {"fay": len(fay.messages), "felix": len(felix.messages)}
        for _ in alone.world.clock.zones:  # a morning of each of them
            alone.world.clock.jump("morning")
            await all_is_told(alone)
        for name, where in (("fay", fay), ("felix", felix)):
            new = [m for m in where.messages[since[name] :] if m.from_bot and named(m)]
            assert len(new) <= 1, f"{name} has {len(new)} messages on one day"
            told[name] += [(day, named(message)) for message in new]
        if told["felix"]:
            break
    for days in ([day for day, _ in each] for each in told.values()):
        assert all(late - early >= 7 for early, late in zip(days, days[PER_WEEK:], strict=False))
    assert all(len(names) <= MOST_NAMED for each in told.values() for _, names in each)
    times = [label for _, names in told["fay"] for label in names]
    assert set(times) == LABELS, "each is named to whom was asked first"
    passed_on = {label for _, names in told["felix"] for label in names}
    assert passed_on, "what is ignored goes to the next one"
    assert {times.count(label) for label in passed_on} == {2}
