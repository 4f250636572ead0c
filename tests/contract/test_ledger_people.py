"""What the ledger keeps of people: notes of accounts, prospects, gaps; on Valkey and in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.writing import DAY
from bot.domain.changes import AuditEntry, Changes
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.people.admins import Colleague, Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.policy import AccountNote, AccountRule
from bot.domain.people.prospects import Prospect
from bot.errors import Conflict
from bot.ports.store.ledger import Ledger
from tests import strategies as some
from tests.examples import ADA, ADA_IN_CHAT, APP, NOW, REQUEST

KEYS = Keys()
NOTE = AccountNote("ada", AccountRule.DENIED, "Olga", NOW)
OWNED = AccountNote("ada", AccountRule.OWNER, "Olga", NOW, "carl@contoso.com")
ENTRY = AuditEntry(NOW, "slack:U9", "note_account", "ada", {"said": "denied"})
PROSPECT = Prospect(APP.ref, NOW, None, "Ada", ADA.upn, Platform.SLACK, "Sue")
GAP = AdminGap(Gap.NO_P2, "GET roles", "no licence")


async def test_notes_are_kept_one_of_each_topic(ledger: Ledger) -> None:
    """Whose it is and whether it may be asked are two things; the later word replaces its topic."""
    assert await ledger.account_notes() == ()
    await ledger.commit(Changes(notes=(NOTE, OWNED), audit=(ENTRY,)))
    allowed = replace(NOTE, said=AccountRule.ALLOWED, revision=2)
    await ledger.commit(Changes(notes=(allowed,)))
    assert set(await ledger.account_notes()) == {allowed, OWNED}
    assert await ledger.audit() == (ENTRY,)


async def test_a_note_over_another_than_was_read_is_refused_with_all_beside_it(
    ledger: Ledger,
) -> None:
    """Neither the prospect nor the audit line of that commit is written."""
    await ledger.commit(Changes(notes=(NOTE,)))
    for stale in (NOTE, replace(NOTE, revision=3)):
        with pytest.raises(Conflict):
            await ledger.commit(Changes(notes=(stale,), prospects=(PROSPECT,), audit=(ENTRY,)))
    assert await ledger.account_notes() == (NOTE,)
    assert await ledger.prospects() == {}
    assert await ledger.audit() == ()


async def test_a_note_that_is_taken_back_is_gone_and_may_be_said_again(ledger: Ledger) -> None:
    """Of the other topic nothing changes; another one than was read is not taken back."""
    await ledger.commit(Changes(notes=(NOTE, OWNED)))
    newer = replace(NOTE, said=AccountRule.ALLOWED, revision=2)
    await ledger.commit(Changes(notes=(newer,)))
    with pytest.raises(Conflict):
        await ledger.commit(Changes(unsaid=(NOTE,), audit=(ENTRY,)))
    assert await ledger.audit() == ()
    await ledger.commit(Changes(unsaid=(newer,), audit=(ENTRY,)))
    assert await ledger.account_notes() == (OWNED,)
    with pytest.raises(Conflict):
        await ledger.commit(Changes(unsaid=(newer,)))
    await ledger.commit(Changes(notes=(NOTE,)))
    assert set(await ledger.account_notes()) == {NOTE, OWNED}


async def test_the_last_look_at_whom_to_ask_stands(ledger: Ledger) -> None:
    """By org, or for all of them."""
    other = replace(PROSPECT, app=AppRef("fabrikam", "0oa1"))
    await ledger.commit(Changes(prospects=(PROSPECT, other)))
    nobody = Prospect(APP.ref, NOW + timedelta(hours=1), Nobody.ALL_RULED_OUT)
    await ledger.commit(Changes(prospects=(nobody,)))
    assert await ledger.prospects("contoso") == {APP.ref: nobody}
    assert await ledger.prospects() == {APP.ref: nobody, other.app: other}
    assert await ledger.prospects("northwind") == {}


async def test_gaps_are_those_of_the_last_look(ledger: Ledger) -> None:
    """A look that missed nothing leaves none."""
    assert await ledger.admin_gaps("t1") == ()
    await ledger.save_global_admins("t1", (ADA,), (GAP,))
    assert await ledger.admin_gaps("t1") == (GAP,)
    assert await ledger.global_admins("t1") == (ADA,)
    await ledger.save_global_admins("t1", (ADA,))
    assert await ledger.admin_gaps("t1") == ()


async def test_gaps_go_with_the_people_they_are_about(
    redis_ledger: RedisLedger, store: Redis
) -> None:
    """Both are known for a day."""
    await redis_ledger.save_global_admins("t1", (ADA,), (GAP,))
    for key in (KEYS.global_admins("t1"), KEYS.admin_gaps("t1")):
        assert 0 < await store.ttl(key) <= DAY


async def test_a_request_keeps_who_sits_beside(ledger: Ledger) -> None:
    """With the chat account, or without one."""
    for chat in (ADA_IN_CHAT, None):
        beside = replace(
            REQUEST, id=f"r-{chat}", colleague=Colleague("Sue", "sue@contoso.com", chat)
        )
        await ledger.commit(Changes(requests=(beside,)))
        assert await ledger.request(beside.id) == beside


async def test_a_request_of_an_earlier_version_is_read_without_a_colleague() -> None:
    """It was written before there were any."""
    written = codec.REQUEST.dump(REQUEST).replace(',"colleague":null', "")
    assert "colleague" not in written
    assert codec.REQUEST.load(written) == REQUEST


notes = st.builds(
    AccountNote, some.words, st.sampled_from(AccountRule), some.words, some.any_moments, some.words
)
prospects = st.builds(
    Prospect,
    some.app_refs,
    some.any_moments,
    st.none() | st.sampled_from(Nobody),
    some.words,
    some.words,
    st.none() | st.sampled_from(Platform),
    some.words,
)
gaps = st.lists(
    st.builds(AdminGap, st.sampled_from(Gap), some.words, some.words, some.words), max_size=2
).map(tuple)


@given(notes, prospects, gaps)
def test_any_of_these_records_survives_its_json(note: Any, prospect: Any, gap: Any) -> None:
    """Moments, enums and empty texts come back as they were."""
    assert codec.ACCOUNT_NOTE.load(codec.ACCOUNT_NOTE.dump(note)) == note
    assert codec.PROSPECT.load(codec.PROSPECT.dump(prospect)) == prospect
    assert codec.ADMIN_GAPS.load(codec.ADMIN_GAPS.dump(gap)) == gap
