"""Opening and using a personal link."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding, ProofKind, Stage
from bot.domain.delivery.notices import RequestChanged
from bot.errors import LinkExpired, LinkRevoked, LinkSpent, LinkUnknown, StoreUnavailable
from bot.services.consent.acknowledge import LinkStatus, LinkView, TakenOn
from tests.examples import ADA_IN_CHAT, DELIVERED, LINK_FOR, NOW, RECORD, REQUEST, TOKEN
from tests.person import spend
from tests.whole_bot import Bot


class Links(Bot):
    """One app, one delivered request with a link, and the service over them."""

    async def spend(self, token: str) -> TakenOn:
        """Take on what the link is for, by the link itself."""
        return await spend(self.acknowledge, self.ledger, token)


@pytest.fixture
async def world() -> Links:
    world = Links()
    record = replace(RECORD, request_id=REQUEST.id)
    await world.ledger.commit(Changes(apps=(record,), requests=(DELIVERED,)))
    return world


async def test_looking_at_a_link_shows_what_it_is_for_and_changes_nothing(world: Links) -> None:
    """Chat and mail scanners fetch links: a hundred looks leave everything as it was."""
    before = deepcopy(vars(world.ledger) | {"called": {}})
    for _ in range(100):
        view = await world.acknowledge.view(TOKEN)
    assert view.status is LinkStatus.FRESH
    assert view.request == DELIVERED
    assert vars(world.ledger) | {"called": {}} == before
    assert await world.ledger.audit() == ()
    assert world.engine.deliveries == []


async def test_acknowledging_spends_the_link_with_a_proof_and_thanks_the_person(
    world: Links,
) -> None:
    """Who, when and how it is known; an audit line; and the person's message is to change."""
    await world.spend(TOKEN)
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.stage is Stage.ACKNOWLEDGED
    assert request.proof is not None
    assert (request.proof.kind, request.proof.by, request.proof.at) == (
        ProofKind.PERSONAL_LINK,
        "slack:U1",
        NOW,
    )
    (entry,) = await world.ledger.audit()
    assert (entry.actor, entry.action, entry.subject) == (
        "slack:U1",
        "acknowledge",
        "contoso/0oa1",
    )
    assert TOKEN not in str(entry)
    thanks = RequestChanged(ADA_IN_CHAT, REQUEST.id, 2).key
    assert world.engine.deliveries == [(thanks, NOW)]
    assert await world.ledger.delivery(thanks) is not None


async def test_of_fifty_clicks_at_once_exactly_one_counts(world: Links) -> None:
    """The others learn that it was used; there is one audit line and one message to change."""
    clicks = [world.spend(TOKEN) for _ in range(50)]
    results = await asyncio.gather(*clicks, return_exceptions=True)
    assert sum(isinstance(result, TakenOn) for result in results) == 1
    assert sum(isinstance(result, LinkSpent) for result in results) == 49
    assert len(await world.ledger.audit()) == 1
    assert len(world.engine.deliveries) == 1


async def test_a_click_may_overtake_the_confirmation_of_its_message(world: Links) -> None:
    """The request is still REQUESTED when the person is faster than the platform's answer."""
    early = replace(DELIVERED, stage=Stage.REQUESTED, revision=2)
    await world.ledger.commit(Changes(requests=(early,)))
    await world.spend(TOKEN)
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.stage is Stage.ACKNOWLEDGED


async def test_a_used_link_says_so_and_nothing_of_the_app(world: Links) -> None:
    """The browser with the session is led on by its request's id."""
    await world.spend(TOKEN)
    view = await world.acknowledge.view(TOKEN)
    assert view.status is LinkStatus.USED
    assert view.others == ()
    with pytest.raises(LinkSpent):
        await world.spend(TOKEN)


async def test_an_expired_link_shows_nothing_of_its_request(world: Links) -> None:
    """Somebody who holds an old link learns nothing from it."""
    world.clock.forward(LINK_FOR)
    assert await world.acknowledge.view(TOKEN) == LinkView(LinkStatus.EXPIRED)
    with pytest.raises(LinkExpired):
        await world.spend(TOKEN)


async def test_a_newer_link_makes_the_former_one_worthless(world: Links) -> None:
    """The former token is known, and is refused, without a word about the request."""
    newer = LinkBinding(link_digest("newer"), NOW + timedelta(hours=1))
    await world.ledger.commit(Changes(requests=(replace(DELIVERED, link=newer, revision=2),)))
    assert await world.acknowledge.view(TOKEN) == LinkView(LinkStatus.REVOKED)
    with pytest.raises(LinkRevoked):
        await world.spend(TOKEN)
    assert (await world.acknowledge.view("newer")).status is LinkStatus.FRESH


@pytest.mark.parametrize("token", ["", "another", REQUEST.id, link_digest(TOKEN)])
async def test_any_other_token_is_unknown(world: Links, token: str) -> None:
    """Neither the request's id nor the stored digest opens anything."""
    with pytest.raises(LinkUnknown):
        await world.acknowledge.view(token)
    with pytest.raises(LinkUnknown):
        await world.spend(token)


async def test_without_a_store_nothing_is_said_to_be_acknowledged(world: Links) -> None:
    """The error reaches the page; afterwards the link still works."""
    world.ledger.down = True
    with pytest.raises(StoreUnavailable):
        await world.spend(TOKEN)
    world.ledger.down = False
    assert (await world.acknowledge.view(TOKEN)).status is LinkStatus.FRESH
