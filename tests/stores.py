"""Whole stores as former releases wrote them: one file for each form of the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

RECORDED = Path(__file__).parent / "contract" / "stores"
HOUR = 3600


def recorded(schema: int) -> dict[str, Any]:
    """Of each key, without the prefix: its type, what it holds, and whether it expires."""
    found: dict[str, Any] = json.loads((RECORDED / f"schema_{schema}.json").read_text())
    return found


async def lay_down(client: Redis, schema: int, prefix: str = "o365bot") -> None:
    """Fill an empty store with a recorded one."""
    raw: Any = client
    for name, one in recorded(schema).items():
        key, holds = f"{{{prefix}}}:{name}", one["holds"]
        match one["type"]:
            case "string":
                await raw.set(key, holds)
            case "hash":
                await raw.hset(key, mapping=holds)
            case "set":
                await raw.sadd(key, *holds)
            case "zset":
                await raw.zadd(key, dict(holds))
            case "list":
                await raw.rpush(key, *holds)
            case "stream":
                for entry, fields in holds:
                    await raw.xadd(key, fields, id=entry)
        if one.get("expires"):
            await raw.expire(key, HOUR)


async def picked_up(client: Redis, prefix: str = "o365bot") -> dict[str, Any]:
    """What a store holds now, in the same form."""
    raw: Any = client
    found: dict[str, Any] = {}
    async for key in raw.scan_iter(match=f"{{{prefix}}}:*", count=1000):
        kind = await raw.type(key)
        match kind:
            case "string":
                holds: Any = await raw.get(key)
            case "hash":
                holds = dict(sorted((await raw.hgetall(key)).items()))
            case "set":
                holds = sorted(await raw.smembers(key))
            case "zset":
                holds = [list(one) for one in await raw.zrange(key, 0, -1, withscores=True)]
            case "list":
                holds = await raw.lrange(key, 0, -1)
            case "stream":
                holds = [[entry, fields] for entry, fields in await raw.xrange(key)]
        expires = {"expires": True} if await raw.ttl(key) > 0 else {}
        found[key.partition(":")[2]] = {"type": kind, "holds": holds} | expires
    return dict(sorted(found.items()))
