"""Sign-ins under way, and what a browser may go on with after one."""

from __future__ import annotations

from redis.asyncio import Redis

from adapters.redis.codec import ATTEMPT, SESSION
from adapters.redis.keys import Keys
from adapters.redis.store import errors
from bot.domain.consent import link_digest
from bot.domain.sign_in import ATTEMPT_LIFETIME, SESSION_LIFETIME, Attempt, Session


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
        key = self._keys.session(link_digest(secret))
        with errors():
            await self._client.set(key, SESSION.dump(session), ex=SESSION_LIFETIME)

    async def session(self, secret: str) -> Session | None:
        with errors():
            stored = await self._client.get(self._keys.session(link_digest(secret)))
        return SESSION.load(stored) if stored else None
