"""How rows of the audit, their names and their head stand in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

import structlog

from adapters.redis.records.commit import text
from bot.domain import pseudonyms
from bot.domain.audit import Head, Row
from bot.domain.changes import AuditEntry

log = structlog.get_logger(__name__)

_COLUMNS = ("at", "actor", "action", "subject", "detail")


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The head as it is stored: beside it which commit wrote it, and which removed names."""

    head: Head
    commit: str
    names: str
    stored: str

    @staticmethod
    def parse(stored: str) -> StoredHead:
        if not stored:
            return StoredHead(Head(), "", "", "")
        head, _, rest = stored.partition(" ")
        commit, _, names = rest.partition(" ")
        try:
            return StoredHead(Head.parse(head), commit, names, stored)
        except ValueError:
            log.error("the head of the audit cannot be read: a new chain begins")
            return StoredHead(Head(), "", "", stored)


def people(names: Mapping[str, str]) -> dict[str, str]:
    """The pseudonym of each account, name and address."""
    found = (one for one in names.items() if one[0].startswith("person:"))
    return {v: k for k, v in found if pseudonyms.PSEUDONYM.fullmatch(k)}


def row_of(entry: AuditEntry, number: int) -> Row:
    return Row(
        "",
        number,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        json.dumps(dict(entry.detail), ensure_ascii=False),
    )


def fields_of(row: Row) -> dict[str, str]:
    return {
        "n": str(row.number),
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
        "seal": row.seal,
    }


def read_row(position: str, stored: Mapping[str | bytes, str | bytes]) -> Row:
    """A row as it stands there; what it lacks is empty, and a number that is none is 0."""
    fields = {text(name): text(value) for name, value in stored.items()}
    number = fields.get("n", "")
    plain = number.isascii() and number.isdigit() and len(number) < 16
    told = [fields.get(name, "") for name in (*_COLUMNS, "seal")]
    return Row(position, int(number) if plain else 0, *told)
