"""The Teams conversations that the app was installed in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.shared.conversations import MET_SECONDS, MOST_MET, RedisConversations
from bot.ports.chat import ConversationRef, Conversations
from tests import strategies as some
from tests.fakes import ConversationsInMemory

ADA = ConversationRef(
    "a:1", "personal", "https://smba.example.com/", "tenant-1", "28:bot", "29:ada", "ada", "Ada"
)
CHANNEL = ConversationRef(
    "19:x@thread.tacv2", "channel", "https://smba.example.com/", "tenant-1", "28:bot"
)


@pytest.fixture
def redis_conversations(store: Redis) -> RedisConversations:
    return RedisConversations(store, Keys())


@pytest.fixture(params=["valkey", "memory"])
def conversations(request: pytest.FixtureRequest) -> Conversations:
    if request.param == "memory":
        return ConversationsInMemory()
    found: Conversations = request.getfixturevalue("redis_conversations")
    return found


async def test_a_person_and_a_channel_are_found_again(conversations: Conversations) -> None:
    """By the person's Entra object id, and by the conversation's own id."""
    await conversations.remember(ADA)
    await conversations.remember(CHANNEL)
    assert await conversations.personal("ada") == ADA
    assert await conversations.conversation(CHANNEL.conversation_id) == CHANNEL


async def test_whose_an_address_is_is_what_was_told_last(conversations: Conversations) -> None:
    """An address may become another one's; who goes by none is nobody."""
    await conversations.save_addresses("ada", ("ada@contoso.com", "ada@fabrikam.com"))
    await conversations.save_addresses("ben", ("ada@contoso.com",))
    await conversations.save_addresses("eve", ())
    assert await conversations.of_address("ada@contoso.com") == "ben"
    assert await conversations.of_address("ada@fabrikam.com") == "ada"
    assert await conversations.of_address("") == ""


async def test_where_the_app_is_not_installed_there_is_nothing(
    conversations: Conversations,
) -> None:
    """Nobody is written to by guess."""
    assert await conversations.personal("ada") is None
    assert await conversations.conversation("a:1") is None


async def test_a_channel_is_nobodys_personal_conversation(conversations: Conversations) -> None:
    """An object id beside a channel does not make it private."""
    await conversations.remember(replace(CHANNEL, object_id="ada"))
    assert await conversations.personal("ada") is None


async def test_a_conversation_that_moved_is_remembered_as_it_is_now(
    conversations: Conversations,
) -> None:
    """The service address may change; the newest one counts."""
    moved = replace(ADA, service_url="https://smba.example.com/emea/")
    await conversations.remember(ADA)
    await conversations.remember(moved)
    assert await conversations.personal("ada") == moved


async def test_what_was_uninstalled_is_forgotten(conversations: Conversations) -> None:
    """Neither way finds it; forgetting twice is no error."""
    await conversations.remember(ADA)
    for _ in range(2):
        await conversations.forget("a:1")
    assert await conversations.personal("ada") is None
    assert await conversations.conversation("a:1") is None


async def test_forgetting_an_old_conversation_leaves_the_newer_one(
    conversations: Conversations,
) -> None:
    """Installed again, then the removal of the former one arrives late."""
    again = replace(ADA, conversation_id="a:2")
    await conversations.remember(ADA)
    await conversations.remember(again)
    await conversations.forget("a:1")
    assert await conversations.personal("ada") == again


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.conversation_refs)
async def test_any_conversation_is_read_back(
    redis_conversations: RedisConversations, ref: ConversationRef
) -> None:
    """Whatever a platform puts into its ids and names."""
    await redis_conversations.remember(ref)
    assert await redis_conversations.conversation(ref.conversation_id) == ref


async def test_who_was_met_is_found_again(conversations: Conversations) -> None:
    """As if it had been remembered, also at another address than before."""
    await conversations.met(ADA)
    assert await conversations.personal("ada") == ADA
    moved = replace(ADA, service_url="https://elsewhere.example.com/")
    await conversations.met(moved)
    assert await conversations.personal("ada") == moved


async def test_who_is_met_again_and_again_is_written_once(
    redis_conversations: RedisConversations, store: Redis
) -> None:
    """Each word of theirs would else be a write. What changed, or was forgotten, is written."""
    key = Keys().conversation(ADA.conversation_id)
    await redis_conversations.met(ADA)
    await store.delete(key)
    await redis_conversations.met(ADA)
    assert not await store.exists(key)
    await redis_conversations.met(replace(ADA, name="Ada Lovelace"))
    assert await store.exists(key)
    await redis_conversations.forget(ADA.conversation_id)
    await redis_conversations.met(replace(ADA, name="Ada Lovelace"))
    assert await redis_conversations.personal("ada") is not None


async def test_what_another_replica_forgot_is_written_again_soon(
    store: Redis,
) -> None:
    """A replica trusts its own memory for a minute."""
    now = 1000.0
    redis_conversations = RedisConversations(store, Keys(), lambda: now)
    await redis_conversations.met(ADA)
    await RedisConversations(store, Keys()).forget(ADA.conversation_id)
    now += MET_SECONDS
    await redis_conversations.met(ADA)
    assert await redis_conversations.personal("ada") == ADA


async def test_no_more_people_are_kept_in_mind_than_fit(
    redis_conversations: RedisConversations, store: Redis
) -> None:
    """Who was met stays in the store; of the first to come the memory is gone."""
    for number in range(MOST_MET + 1):
        await redis_conversations.met(replace(ADA, conversation_id=f"a:{number}"))
    first = replace(ADA, conversation_id="a:0")
    await store.delete(Keys().conversation("a:0"))
    await redis_conversations.met(first)
    assert await redis_conversations.conversation("a:0") == first
