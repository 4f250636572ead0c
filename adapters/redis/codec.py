"""The ledger's records as JSON and back."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.domain.board import Board
from bot.domain.consent import ConsentRequest
from bot.domain.deliveries import Delivery
from bot.domain.inventory import AppRecord, OrgScan
from bot.domain.people import GlobalAdmin, OktaAdmin
from bot.domain.recipients import Recipient
from bot.domain.report import DayCount
from bot.domain.troubles import Trouble
from bot.errors import RecordUnreadable
from bot.ports import ConversationRef

Record = TypeVar("Record")


class Codec(Generic[Record]):
    """Writes and reads one kind of record.

    `sparse` leaves out what stands at its default: there are many apps.
    """

    def __init__(self, adapter: TypeAdapter[Record], *, sparse: bool = False) -> None:
        self._adapter = adapter
        self._sparse = sparse

    def dump(self, record: Record) -> str:
        """The record as JSON."""
        return self._adapter.dump_json(record, exclude_defaults=self._sparse).decode()

    def load(self, text: str | bytes) -> Record:
        """The record. Raises RecordUnreadable when the store holds something else."""
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise RecordUnreadable(
                "The store holds a record that this version cannot read.",
                hint="Was it written by a newer version of o365bot?",
            ) from error


APP = Codec(TypeAdapter(AppRecord), sparse=True)
SCAN = Codec(TypeAdapter(OrgScan))
REQUEST = Codec(TypeAdapter(ConsentRequest))
DELIVERY = Codec(TypeAdapter(Delivery))
TROUBLE = Codec(TypeAdapter(Trouble))
GLOBAL_ADMINS = Codec(TypeAdapter(tuple[GlobalAdmin, ...]))
OKTA_ADMINS = Codec(TypeAdapter(tuple[OktaAdmin, ...]))
CONVERSATION = Codec(TypeAdapter(ConversationRef))
RECIPIENT = Codec(TypeAdapter(Recipient))
BOARD = Codec(TypeAdapter(Board))
DAY_COUNT = Codec(TypeAdapter(DayCount))
