"""Whether the store's user may use each command that the bot needs, tried without any effect.

Within MULTI the server looks at rights when a command is queued; DISCARD then drops them all.
"""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from adapters.redis.server.connections import one_of
from adapters.redis.server.store import errors

TRIED = """
eval return 0
evalsha x 0
script load return
wait 0 0
waitaof 0 0 0
get KEY
set KEY x
getdel KEY
mget KEY
del KEY
incr KEY
incrby KEY 1
expire KEY 1
pexpire KEY 1
pttl KEY
hget KEY x
hmget KEY x
hset KEY x x
hdel KEY x
hvals KEY
hgetall KEY
hexists KEY x
hstrlen KEY x
hincrby KEY x 1
hscan KEY 0
hlen KEY
sadd KEY x
srem KEY x
smembers KEY
scard KEY
zadd KEY 1 x
zrem KEY x
zscore KEY x
zrange KEY 0 0
zrangebyscore KEY 0 0
zrevrange KEY 0 0
zremrangebyscore KEY 0 0
zlexcount KEY - +
zcard KEY
zcount KEY 0 0
xadd KEY * x x
xdel KEY 1-1
xrange KEY - +
xrevrange KEY + -
xtrim KEY MAXLEN 1
lpush KEY x
lindex KEY 0
ltrim KEY 0 0
""".strip().splitlines()
"""With arguments by which a server takes them; `deploy/store-users.acl` allows the same."""


async def lacking(client: Redis, key: str) -> tuple[str, ...]:
    """The commands that may not be used on `key`. Raises StoreError."""
    found: list[str] = []
    with errors():
        async with one_of(client) as connection:
            for line in ("multi", *TRIED, "discard"):
                words = [key if word == "KEY" else word for word in line.split()]
                await connection.send_command(*words)
                try:
                    await connection.read_response()
                except ResponseError as error:  # what is refused for want of memory may be used
                    if isinstance(error, NoPermissionError):
                        found.append(words[0])
                    if line == "multi":  # what follows would be carried out
                        break
    return tuple(found)
