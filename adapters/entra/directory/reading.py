"""Reading Microsoft's JSON leniently: what is missing or of another type reads as "not told"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

Json = Mapping[str, object]


def text(record: Json, key: str) -> str:
    """A string; "" when it is missing, null or something else."""
    value = record.get(key)
    return value if isinstance(value, str) else ""


def texts(record: Json, key: str) -> tuple[str, ...]:
    """The strings of a list, in their order."""
    value = record.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def flag(record: Json, key: str) -> bool | None:
    """True or False; None when it is not told."""
    value = record.get(key)
    return value if isinstance(value, bool) else None


def told(name: str, value: bool | None) -> dict[str, str]:
    """A detail of evidence that is "yes" or "no"; none at all when it is not told."""
    return {} if value is None else {name: "yes" if value else "no"}


def inner(record: Json, key: str) -> Json:
    """An object; empty when it is missing, null or something else."""
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def records(record: Json, key: str) -> tuple[Json, ...]:
    """The objects of a list, in their order."""
    value = record.get(key)
    return (
        tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
    )


def moment(record: Json, key: str) -> datetime | None:
    """A date and time in UTC (`2026-01-02T03:04:05.1234567Z`); None when it cannot be read."""
    try:
        read = datetime.fromisoformat(text(record, key))
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def quoted(value: str) -> str:
    """A string literal of an OData filter: single quotes inside are doubled."""
    return "'" + value.replace("'", "''") + "'"
