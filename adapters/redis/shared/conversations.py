"""The Teams conversations that the app was installed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.codec import CONVERSATION
from adapters.redis.records.commit import text
from adapters.redis.server.store import errors
from bot.ports.chat import ConversationRef

MET_SECONDS = 60.0
MOST_MET = 1000
LEFT_SECONDS = 180 * 24 * 3600  # so long it is known that somebody had the app, and an address


class RedisConversations:
    """Implements `bot.ports.chat.Conversations`. `clock` gives seconds since whenever."""

    def __init__(
        self, client: Redis, keys: Keys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._client = client
        self._keys = keys
        self._met: dict[str, tuple[ConversationRef, float]] = {}

    async def met(self, ref: ConversationRef) -> None:
        now = self._clock()
        known = self._met.get(ref.conversation_id)
        if known is not None and known[0] == ref and now < known[1]:
            return
        await self.remember(ref)
        if len(self._met) >= MOST_MET:
            self._met.clear()
        self._met[ref.conversation_id] = (ref, now + MET_SECONDS)

    async def remember(self, ref: ConversationRef) -> None:
        with errors():
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(self._keys.conversation(ref.conversation_id), CONVERSATION.dump(ref))
                if ref.kind == "personal" and ref.object_id:
                    pipeline.set(self._keys.personal(ref.object_id), ref.conversation_id)
                await pipeline.execute()

    async def forget(self, conversation_id: str) -> None:
        self._met.pop(conversation_id, None)
        ref = await self.conversation(conversation_id)
        with errors():
            if ref is not None and ref.object_id:
                pointer = self._keys.personal(ref.object_id)
                # After a new installation it points to a newer conversation, which stays.
                if await self._client.get(pointer) == conversation_id:
                    await self._client.expire(pointer, LEFT_SECONDS)
            await self._client.delete(self._keys.conversation(conversation_id))

    async def had_app(self, object_id: str) -> bool:
        with errors():
            return await self._client.get(self._keys.personal(object_id)) is not None

    async def personal(self, object_id: str) -> ConversationRef | None:
        with errors():
            conversation_id = await self._client.get(self._keys.personal(object_id))
        return await self.conversation(text(conversation_id)) if conversation_id else None

    async def conversation(self, conversation_id: str) -> ConversationRef | None:
        with errors():
            stored = await self._client.get(self._keys.conversation(conversation_id))
        return CONVERSATION.load(stored) if stored else None

    async def save_addresses(self, object_id: str, addresses: Iterable[str]) -> None:
        with errors():
            for address in addresses:
                await self._client.set(self._keys.address(address), object_id, ex=LEFT_SECONDS)

    async def of_address(self, address: str) -> str:
        with errors():
            return text(await self._client.get(self._keys.address(address)) or "")
