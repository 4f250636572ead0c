"""Sign-ins under way, and what a browser may go on with after one."""

from __future__ import annotations

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.codec import ATTEMPT, SESSION
from adapters.redis.records.commit import text
from adapters.redis.server.store import errors
from bot.domain.consent.links import link_digest
from bot.domain.consent.sign_in import ATTEMPT_LIFETIME, SESSION_LIFETIME, Attempt, Session


class RedisSignIns:
    """Implements `bot.ports.sign_in.SignIns`. Keys are digests: reading the store opens nothing."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def begin(self, state: str, attempt: Attempt) -> None:
        key = self._keys.sign_in(link_digest(state))
        with errors():
            await self._client.set(key, ATTEMPT.dump(attempt), ex=ATTEMPT_LIFETIME, nx=True)

    async def take(self, state: str) -> Attempt | None:
        """One `GETDEL`. An answer lost on the way costs the person one more press."""
        with errors():
            stored = await self._client.getdel(self._keys.sign_in(link_digest(state)))
        return ATTEMPT.load(stored) if stored else None

    async def open_session(self, secret: str, session: Session) -> None:
        digest = link_digest(secret)
        with errors():
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(self._keys.session(digest), SESSION.dump(session), ex=SESSION_LIFETIME)
                pipeline.set(self._of(session.person), digest, ex=SESSION_LIFETIME)
                await pipeline.execute()

    async def session(self, secret: str) -> Session | None:
        digest = link_digest(secret)
        with errors():
            stored = await self._client.get(self._keys.session(digest))
            session = SESSION.load(stored) if stored else None
            if session is None:
                return None
            newest = await self._client.get(self._of(session.person))
        return session if newest is not None and text(newest) == digest else None

    async def end_sessions(self, person: str) -> bool:
        with errors():
            return bool(await self._client.delete(self._of(person)))

    def _of(self, person: str) -> str:
        return self._keys.session_of(link_digest(person))
