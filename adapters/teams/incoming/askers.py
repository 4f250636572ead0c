"""Who wrote: what a request leaves out is added from what is known, or asked of Teams.

Real clients leave out much that the samples have: the Entra object id by which an operator is
known, the language, the time zone.
"""

from __future__ import annotations

import re
from dataclasses import replace

import structlog

from adapters.teams.incoming.activities import Place
from adapters.teams.outgoing.connector import Connector
from adapters.teams.roster import addresses_of
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity
from bot.errors import ChatError
from bot.ports.chat import ConversationRef, Conversations

MOST_REMEMBERED = 10_000
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger(__name__)


class Askers:
    """Completes people and conversations. Raises StoreError."""

    def __init__(self, conversations: Conversations, connector: Connector) -> None:
        self._conversations = conversations
        self._connector = connector
        self._object_ids: dict[str, str] = {}  # by `29:` id

    async def completed(
        self, asker: ChatIdentity, ref: ConversationRef, place: Place
    ) -> tuple[ChatIdentity, ConversationRef]:
        """The asker by their Entra object id, if Teams tells it, and the conversation as it is."""
        if asker.user_id.startswith("29:"):
            known = await self._object_id(asker.user_id, place)
            asker = replace(asker, user_id=known or asker.user_id)
        return asker, await self._merged(ref, asker)

    async def with_address(self, person: ChatIdentity, place: Place) -> ChatIdentity:
        """The person with name and mail address, as far as Teams tells them; it is kept, too."""
        member = await self._member(person.user_id, place)
        await self._conversations.save_addresses(person.user_id, addresses_of(member))
        return person.completed(
            replace(
                person,
                display_name=_text(member.get("name")),
                email=_text(member.get("email")) or _text(member.get("userPrincipalName")),
            )
        )

    async def _merged(self, ref: ConversationRef, asker: ChatIdentity) -> ConversationRef:
        """With what is kept of it, where the request says nothing: nobody is forgotten by that."""
        if ref.kind != "personal" or all((ref.object_id, ref.name, ref.time_zone, ref.language)):
            return ref
        known = await self._conversations.conversation(ref.conversation_id)
        told = "" if asker.user_id.startswith("29:") else asker.user_id
        return replace(
            ref,
            object_id=ref.object_id or told or (known.object_id if known else ""),
            name=ref.name or (known.name if known else ""),
            time_zone=ref.time_zone or (known.time_zone if known else ""),
            language=ref.language or (known.language if known else ""),
        )

    async def _object_id(self, member_id: str, place: Place) -> str:
        if member_id not in self._object_ids:
            member = await self._member(member_id, place)
            told = _text(member.get("aadObjectId")) or _text(member.get("objectId"))
            if not _GUID.fullmatch(exact(told)):
                return ""
            if len(self._object_ids) >= MOST_REMEMBERED:
                self._object_ids.clear()
            self._object_ids[member_id] = exact(told)
        return self._object_ids[member_id]

    async def _member(self, member_id: str, place: Place) -> dict[str, object]:
        base = replace(place, conversation_id=place.conversation_id.partition(";messageid=")[0])
        try:
            return dict(await self._connector.member(base, member_id))
        except ChatError as error:
            log.warning("teams does not say who that is", error=error.code, reason=str(error))
            return {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
