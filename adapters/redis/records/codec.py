"""The ledger's records as JSON and back.

In a rolling deploy the former release reads the same records, and what it does not know it would
leave out when it writes. So a new field, or a new value of an enum, gives the store a newer form
(`commit.SCHEMA`): a replica of the former release then writes nothing any more, and ends. Unknown
fields are no error; a field that is not there has its default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Generic, TypeVar

import structlog
from pydantic import BeforeValidator, TypeAdapter

from adapters.redis.records.packed import unpack
from bot.domain.campaign.channels.board import Board
from bot.domain.campaign.channels.report import DayCount
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.sign_in import Attempt, Session
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.inventory.gaps import AdminGap
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import GlobalAdmin, OktaAdmin
from bot.domain.people.policy import AccountNote
from bot.domain.people.prospects import Prospect
from bot.domain.people.recipients import Recipient
from bot.errors import RecordUnreadable
from bot.ports.chat import ConversationRef
from bot.ports.engine import Task

Record = TypeVar("Record")
Text = str | bytes

LONGEST = 16 * 1024 * 1024
"""Bytes of a record: far more than any of ours has."""

log = structlog.get_logger(__name__)


class Codec(Generic[Record]):
    """Writes and reads one kind of record; `sparse` leaves out what stands at its default."""

    def __init__(self, adapter: TypeAdapter[Record], *, sparse: bool = False) -> None:
        self._adapter = adapter
        self._sparse = sparse
        self._told: set[int] = set()  # hashes of what this replica said that it cannot read

    def dump(self, record: Record) -> str:
        """The record as text."""
        return self._adapter.dump_json(record, exclude_defaults=self._sparse).decode()

    def load(self, text: Text) -> Record:
        """The record. Raises RecordUnreadable when the store holds something else.

        The reader itself bounds how deep one may nest.
        """
        try:
            if len(text) > LONGEST:
                raise ValueError("too long to be any of ours")
            plain = text if isinstance(text, bytes) else unpack(text, LONGEST)
            return self._adapter.validate_json(plain)
        except ValueError as error:  # pydantic's ValidationError is one
            raise RecordUnreadable(
                "The store holds a record that this version cannot read.",
                hint="Was it written by a newer version of o365bot?",
            ) from error

    def readable(self, what: str, texts: Iterable[Text]) -> tuple[Record, ...]:
        """Of a list those that this version can read: one record does not hide all others.

        What it cannot read is logged once, as `what`, and stays as it is for a newer replica.
        """
        records: list[Record] = []
        unread: set[int] = set()
        for text in texts:
            try:
                records.append(self.load(text))
            except RecordUnreadable:
                unread.add(hash(text))
        if unread - self._told:
            self._told |= unread
            log.error("records cannot be read and are left out", of=what, count=len(unread))
        return tuple(records)


def _with_absences(stored: Any) -> Any:
    """Before form 5 a person had one absence, in two fields."""
    last = stored.get("away_until") if isinstance(stored, dict) else None
    if last is None or "absences" in stored:
        return stored
    return stored | {"absences": ({"first": stored.get("away_from"), "last": last},)}


APP = Codec(TypeAdapter(AppRecord), sparse=True)
SCAN = Codec(TypeAdapter(OrgScan))
REQUEST = Codec(TypeAdapter(ConsentRequest))
ONBOARDING = Codec(TypeAdapter(Onboarding))
ATTEMPT = Codec(TypeAdapter(Attempt))
SESSION = Codec(TypeAdapter(Session))
DELIVERY = Codec(TypeAdapter(Delivery))
INCIDENT = Codec(TypeAdapter(Incident))
GLOBAL_ADMINS = Codec(TypeAdapter(tuple[GlobalAdmin, ...]))
ADMIN_GAPS = Codec(TypeAdapter(tuple[AdminGap, ...]))
ACCOUNT_NOTE = Codec(TypeAdapter(AccountNote))
PROSPECT = Codec(TypeAdapter(Prospect), sparse=True)
OKTA_ADMINS = Codec(TypeAdapter(tuple[OktaAdmin, ...]))
CONVERSATION = Codec(TypeAdapter(ConversationRef))
RECIPIENT = Codec(TypeAdapter(Annotated[Recipient, BeforeValidator(_with_absences)]))
BOARD = Codec(TypeAdapter(Board))
TASK = Codec(TypeAdapter(Task))
DAY_COUNT = Codec(TypeAdapter(DayCount))
