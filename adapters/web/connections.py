"""Connections that hold nobody up: deadlines, and caps on how many there are.

uvicorn waits for ever for the rest of a request, and takes whatever connects. Here a request has to
arrive in time, an answer has to be read, and when all places are taken the connection goes that has
kept us waiting longest: so one who asks in a whole sentence, such as a probe for `/health`, is
always let in while others only hold the door.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import h11
from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapters.web.networks import network_named

MOST = 512
LARGEST_HEAD = 16 * 1024  # bytes; cookies and a long answer of Microsoft's are about half of it

_CUT = Counter("o365bot_connections_cut", "Connections that were cut off", ["why"])
for _why in ("broken", "crowded", "full", "slow head", "slow body", "unread"):
    _CUT.labels(_why)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds until a connection is cut off, by what we wait for."""

    head: float = 10.0
    body: float = 20.0  # `middleware.BodyLimit` answers before that
    unread: float = 30.0


class ConnectionLimit:
    """Who is connected, at most `most` in all and half of that from one network.

    Half, since behind a proxy everybody comes from one address: what a proxy has to keep apart is
    in docs/security.md.
    """

    def __init__(self, most: int = 0, deadlines: Deadlines = Deadlines()) -> None:
        self.deadlines = deadlines
        # Half of the descriptors are left to the store, the clouds, the chats and the files.
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = most or max(2, min(MOST, soft // 2))
        self._inside: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._inside.values()))

    def enter(self, newcomer: Connection) -> bool:
        """Let it in, in place of one that keeps us waiting where there is no room."""
        theirs = self._inside.setdefault(newcomer.network, {})
        full: Iterable[Connection] | None = None
        if len(theirs) >= self.most // 2:
            full = theirs
        elif len(self) >= self.most:
            full = chain.from_iterable(self._inside.values())
        if full is not None:
            slow = next((one for one in full if one.keeps_waiting), None)
            if slow is None:
                self._forget(newcomer.network)
                return False
            slow.cut("crowded")
        self._inside.setdefault(newcomer.network, {})[newcomer] = None
        return True

    def leave(self, connection: Connection) -> None:
        """It is over."""
        self._inside.get(connection.network, {}).pop(connection, None)
        self._forget(connection.network)

    def _forget(self, network: str) -> None:
        if not self._inside.get(network, True):
            del self._inside[network]


class Connection(H11Protocol):
    """uvicorn's own, watched."""

    def __init__(self, connection_limit: ConnectionLimit, **given: Any) -> None:
        super().__init__(**given)
        self._connection_limit = connection_limit
        self._timer: asyncio.TimerHandle | None = None
        self._unread = False
        self.network = ""

    @property
    def keeps_waiting(self) -> bool:
        """True while it is the client's turn: to finish asking, or to read the answer."""
        return self._unread or self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # uvicorn narrows it likewise
    ) -> None:
        super().connection_made(transport)
        self.network = network_named(self.client[0] if self.client else "")
        if self._connection_limit.enter(self):
            self._wait(self._connection_limit.deadlines.head, "slow head")
        else:
            self.cut("full")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._connection_limit.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Only a whole request ends its deadline: a byte now and then does not."""
        before = self.conn.their_state
        super().data_received(data)
        self._follow(before)

    def on_response_complete(self) -> None:
        before = self.conn.their_state
        super().on_response_complete()
        self._follow(before)

    def send_400_response(self, msg: str) -> None:
        """What comes is no HTTP. Within a request somebody is answering that: there is no second
        answer to give, and uvicorn's own would get into the way of the first.
        """
        cycle: Any = self.cycle  # None before the first request, which uvicorn's type hides
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            self.cut("broken")
        elif self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.cut("broken")
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """The client does not read: asyncio holds some 64 KiB for it."""
        super().pause_writing()
        self._unread = True
        self._wait(self._connection_limit.deadlines.unread, "unread")

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread = False
        self._stop_waiting()

    def cut(self, why: str) -> None:
        """End it now; its place is free at once."""
        _CUT.labels(why).inc()
        self._stop_waiting()
        self._connection_limit.leave(self)
        self.transport.abort()

    def _follow(self, before: object) -> None:
        if self._unread:
            return
        now = self.conn.their_state
        if now is h11.SEND_BODY:
            if before is not h11.SEND_BODY or self._timer is None:
                self._wait(self._connection_limit.deadlines.body, "slow body")
        elif now is h11.IDLE:
            if self._timer is None:
                self._wait(self._connection_limit.deadlines.head, "slow head")
        else:
            self._stop_waiting()

    def _wait(self, seconds: float, why: str) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self.cut, why)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def guarded(connection_limit: ConnectionLimit) -> type[asyncio.Protocol]:
    """What uvicorn calls for each connection."""

    def connect(**given: Any) -> Connection:
        return Connection(connection_limit, **given)

    return cast(type[asyncio.Protocol], connect)
