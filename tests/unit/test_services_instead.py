"""A request that ended without its person: somebody else is asked, whoever dies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage, Step, step
from bot.domain.people.news import NewsKind
from bot.domain.schedule import HOLD, instead
from bot.errors import ChatError, ChatThrottled, CloudError, CloudUnreachable, StoreUnavailable
from bot.services.consent.actors import ByLink
from tests import person
from tests.examples import ADA, APP, BEN, NOW, REQUEST, TENANT, TOKEN
from tests.fakes import Killed
from tests.person import ASKED
from tests.there import there

LINK = ByLink(TOKEN)
NEVER_DELIVERED = replace(ASKED, stage=Stage.REQUESTED, link=None)
AWAY = StoreUnavailable("away")


class BreaksMidway(person.Asked):
    """Ada was asked; Ben can be asked as well. The store may break at any commit."""

    def breaks_after(self, commits: int, error: BaseException) -> None:
        """From the next commit but `commits` on, there is no store to write to."""
        real, left = self.ledger.commit, iter(range(commits))

        async def commit(changes: Changes) -> None:
            if next(left, None) is None:
                raise error
            await real(changes)

        self.ledger.commit = commit  # type: ignore[method-assign]  # it breaks on purpose

    async def ticks(self, *, after: timedelta) -> None:
        """The store is back; another replica ticks after that."""
        vars(self.ledger).pop("commit", None)
        self.clock.forward(after)
        await self.remind.tick()

    async def asked(self) -> list[str]:
        """Who is asked now, of all the open requests."""
        return [request.admin_object_id for request in await self.ledger.open_requests()]

    def waits(self) -> bool:
        """Whether the schedule still has it that somebody is to be asked."""
        return instead(REQUEST.id) in self.ledger.schedule


@pytest.fixture
async def world() -> BreaksMidway:
    world = BreaksMidway()
    await world.set()
    return world


async def test_what_was_done_at_once_is_not_on_the_agenda_any_more(world: BreaksMidway) -> None:
    """A tick finds nothing to do, and asks nobody a second time."""
    await world.request_steps.not_me(LINK)
    assert (await world.asked(), world.waits()) == (["ben"], False)
    revision = (await world.ledger.requests_for(APP.ref))[-1].revision
    await world.ticks(after=2 * HOLD)
    assert (await world.ledger.requests_for(APP.ref))[-1].revision == revision


@pytest.mark.parametrize("error", [AWAY, Killed()], ids=["store away", "killed"])
@pytest.mark.parametrize("commits", [1, 2], ids=["after the answer", "after asking"])
async def test_not_me_asks_the_next_one_whatever_breaks_after_the_answer(
    world: BreaksMidway, commits: int, error: BaseException
) -> None:
    """The answer is kept, and with it that somebody is to be asked and the operator to be told."""
    world.breaks_after(commits, error)
    if error is AWAY:
        assert (await world.request_steps.not_me(LINK, "Ben")).stage is Stage.DECLINED
    else:
        with pytest.raises(Killed):
            await world.request_steps.not_me(LINK, "Ben")
    assert (await world.request()).stage is Stage.DECLINED
    assert (world.news, world.waits()) == ([], True)
    await world.ticks(after=HOLD)
    await world.ticks(after=HOLD)
    assert (await world.asked(), world.waits()) == (["ben"], False)
    assert [happened for happened, _ in world.news] == [NewsKind.REASSIGNED]
    assert len(await world.ledger.requests_for(APP.ref)) == 2


async def test_nobody_takes_it_up_while_who_ended_it_may_be_at_it(world: BreaksMidway) -> None:
    """Both would ask somebody, and the second one's request would void the first one's."""
    world.breaks_after(1, Killed())
    with pytest.raises(Killed):
        await world.request_steps.not_me(LINK)
    await world.ticks(after=HOLD - timedelta(seconds=1))
    assert (await world.asked(), world.waits()) == ([], True)


async def test_where_nobody_is_left_a_tick_writes_it_down_and_it_is_over(
    world: BreaksMidway,
) -> None:
    """Once; the operators' next digest says so."""
    world.entra.admins[TENANT.id] = (ADA,)
    world.breaks_after(1, Killed())
    with pytest.raises(Killed):
        await world.request_steps.not_me(LINK)
    await world.ticks(after=HOLD)
    await world.ticks(after=HOLD)
    assert (world.news, world.waits()) == ([], False)
    assert [e.action for e in await world.ledger.audit()].count("nobody_left") == 1


@pytest.mark.parametrize(
    "away",
    [
        CloudUnreachable("no answer", where="contoso", call="GET roles"),
        ChatThrottled("slow down", retry_after=30),
    ],
    ids=["cloud", "chat"],
)
async def test_while_nobody_can_be_looked_for_nobody_is_said_to_be_left(
    world: BreaksMidway, away: CloudError | ChatError
) -> None:
    """A cloud or a chat platform that is away for an hour ends nothing: it is tried until then."""
    if isinstance(away, CloudError):
        world.entra.admins[TENANT.id] = away
    else:
        world.slack.hidden = away
    await world.request_steps.not_me(LINK)
    for _ in range(12):
        await world.ticks(after=HOLD)
    assert (await world.asked(), world.news, world.waits()) == ([], [], True)
    world.entra.admins[TENANT.id] = (ADA, BEN)
    world.slack.hidden = None
    await world.ticks(after=HOLD)
    assert (await world.asked(), world.waits()) == (["ben"], False)
    assert [happened for happened, _ in world.news] == [NewsKind.REASSIGNED]


async def test_what_could_not_be_delivered_is_asked_of_somebody_else_by_a_tick() -> None:
    """The worker died; a look at the app had forgotten the request, which is over, before that."""
    world = BreaksMidway()
    await world.set(NEVER_DELIVERED)
    await world.ledger.commit(Changes(requests=(step(NEVER_DELIVERED, Step.FAIL_DELIVERY, NOW),)))
    record = there(await world.ledger.app(APP.ref))
    forgotten = replace(record, request_id="", revision=record.revision + 1)
    await world.ledger.commit(Changes(apps=(forgotten,)))
    await world.ticks(after=HOLD)
    assert (await world.asked(), world.waits()) == (["ben"], False)
    assert world.news == [], "the operators are told of the delivery"
