"""What a life is put together with: chats that are away at times, a ledger that is watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.changes import Changes
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatUnreachable
from bot.message import Message, in_text
from bot.ports.chat import Sent
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeMessenger

if TYPE_CHECKING:
    from tests.promises.living import Life


class NoLimits:
    """The Limits port: anybody may say as much as they like."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        return 0.0


class Chat(FakeMessenger):
    """A platform that shows what it takes to the checks, and is away at times."""

    def __init__(self, life: Life, platform: Platform, *people: ChatIdentity) -> None:
        super().__init__(*people, platform=platform, tells=platform is Platform.SLACK)
        self._life = life

    def _answers(self) -> None:
        if self._life.company.is_out(self.platform, self._life.clock.now()):
            raise ChatUnreachable("away", nothing_sent=True)

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        self._answers()
        return await super().find_person(addresses, object_id, tenant_id)

    async def _take(self, to, message: Message, key: str, thread: str = "") -> Sent:  # type: ignore[no-untyped-def]  # as its parent has it
        self._answers()
        sent = await super()._take(to, message, key, thread)
        if (delivery := self._life.ledger.all_deliveries.get(key)) is not None:  # and no board
            self._life.sent(delivery.notice, in_text(message))
        self._life.clock.forward(timedelta(microseconds=1))  # no two at the same moment
        return sent


class Watched(FakeLedger):
    """A ledger that shows the checks what is written."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    async def commit(self, changes: Changes) -> None:
        ids = {one.id for one in changes.requests}
        before = {name: one for name, one in self.all_requests.items() if name in ids}
        await super().commit(changes)
        if changes.requests:
            self._life.checks.committed(changes, before, self._life.clock.now())
