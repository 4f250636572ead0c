"""What the ledger finds by a code, a tenant or a channel: on a real Valkey and in memory alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.onboarding import Granting, Onboarding, grant
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import Platform
from bot.errors import Conflict
from bot.ports.store.ledger import Ledger
from tests.examples import NOW, OPERATOR, REQUEST

ASKED = Onboarding(
    "o1", "tenant-1", "contoso.com", OPERATOR, NOW, link_digest("one"), NOW + timedelta(hours=72)
)
CHANNEL = Channel(Platform.SLACK, "C1")


@pytest.mark.parametrize("typed", ["ABC-DEF", "abc-def", "abcdef", " ABC DEF ", "ABC\u2011DEF"])
async def test_a_code_is_found_however_it_is_typed(ledger: Ledger, typed: str) -> None:
    """People read codes to each other."""
    await ledger.commit(Changes(requests=(REQUEST,)))
    assert await ledger.request_by_code(typed) == REQUEST


async def test_a_code_that_nobody_has_finds_nothing(ledger: Ledger) -> None:
    """Nor does an empty one, nor one that is something else in the store."""
    await ledger.commit(Changes(requests=(REQUEST,)))
    for code in ("", "-", "XYZ-XYZ", REQUEST.id, "*"):
        assert await ledger.request_by_code(code) is None


async def test_an_onboarding_is_found_by_id_link_and_tenant(ledger: Ledger) -> None:
    """By the tenant the newest one; by a former link the one that it belonged to."""
    await ledger.commit(Changes(onboardings=(ASKED,)))
    newer = replace(ASKED, id="o2", link=link_digest("two"), asked_at=NOW + timedelta(hours=1))
    replaced = grant(ASKED, Granting.REPLACED, NOW)
    await ledger.commit(Changes(onboardings=(replaced, newer)))
    assert await ledger.onboarding("o1") == replaced
    assert await ledger.onboarding_by_link(link_digest("one")) == replaced
    assert await ledger.onboarding_by_link(link_digest("two")) == newer
    assert await ledger.onboarding_of("tenant-1") == newer
    answered = grant(newer, Granting.ANSWERED, NOW)
    await ledger.commit(Changes(onboardings=(answered,)))
    assert await ledger.onboarding_of("tenant-1") == answered
    assert await ledger.onboarding_of("tenant-2") is None
    assert await ledger.onboarding_by_link("guess") is None


async def test_of_two_steps_over_one_onboarding_one_wins(ledger: Ledger) -> None:
    """As with every other record."""
    await ledger.commit(Changes(onboardings=(ASKED,)))
    await ledger.commit(Changes(onboardings=(grant(ASKED, Granting.ANSWERED, NOW),)))
    with pytest.raises(Conflict):
        await ledger.commit(Changes(onboardings=(grant(ASKED, Granting.DECLINED, NOW),)))
