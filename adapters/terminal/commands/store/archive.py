"""The file of a backup: gzipped lines of JSON, first what it is, last a checksum of all before.

Version 1. The first line has the moment and the form of the records, each other line one key or a
part of it, the last one how many there are and the SHA-256 of every line before it. The file is
readable for its owner alone, and has its name only once it is whole.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import BackupUnusable
from bot.ports.store.backup import StoredKey

VERSION = 1
LONGEST = 64 * 1024 * 1024
"""Bytes of a line: a kilobyte may claim to be a gigabyte."""
MARK = "installation"
"""The key that says whose records these are."""


@dataclass(frozen=True, slots=True)
class About:
    """What a backup is: made at that moment (UTC), with records of that form.

    `mark`: whose records these are, as the store has it; "" where that was not kept.
    """

    at: datetime
    schema: int
    parts: int
    mark: str


@contextmanager
def writing(
    path: Path, at: datetime, schema: int, release: str
) -> Iterator[Callable[[StoredKey], None]]:
    """Takes one part after another. Raises BackupUnusable where there is a file, or no room."""
    draft = path.with_name(path.name + ".part")
    digest, parts = hashlib.sha256(), 0
    about = {"schema": schema, "at": at.isoformat(), "release": release}
    try:
        if path.exists():
            raise BackupUnusable(f"{path} is there already.", hint="Name another file.")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "wb") as raw:
            with gzip.open(raw, "wb") as file:
                digest.update(_put(file, {"o365bot": "backup", "version": VERSION} | about))

                def put(kept: StoredKey) -> None:
                    nonlocal parts
                    digest.update(_put(file, _line(kept)))
                    parts += 1

                yield put
                _put(file, {"end": parts, "sha256": digest.hexdigest()})
            raw.flush()
            os.fsync(raw.fileno())
        draft.rename(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def examine(path: Path) -> About:
    """What a backup is, once every line was checked. Raises BackupUnusable."""
    digest, lines = hashlib.sha256(), _lines(path)
    raw, head = next(lines, (b"", {}))
    if head.get("o365bot") != "backup":
        raise BackupUnusable(f"{path} is no backup of o365bot.")
    if head.get("version") != VERSION:
        raise BackupUnusable(
            f"{path} was written by a newer release.", hint="Restore it with that release."
        )
    digest.update(raw)
    parts, end, mark = 0, None, ""
    for raw, line in lines:
        if end is not None:
            raise _damaged(path)
        if "end" in line:
            end = line
        else:
            parts += 1
            digest.update(raw)
            if line.get("key") == MARK:
                mark = str(line.get("holds"))
    if end is None or end.get("end") != parts or end.get("sha256") != digest.hexdigest():
        raise _damaged(path)
    try:
        return About(datetime.fromisoformat(head["at"]), int(head["schema"]), parts, mark)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def read(path: Path) -> Iterator[StoredKey]:
    """What a backup has, which was examined before. Raises BackupUnusable."""
    for number, (_, line) in enumerate(_lines(path)):
        if number == 0 or "end" in line:
            continue
        try:
            until = line.get("until")
            yield StoredKey(
                line["key"],
                line["kind"],
                line["holds"],
                datetime.fromisoformat(until).astimezone(UTC) if until else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path) from error


def _line(kept: StoredKey) -> dict[str, Any]:
    until = {"until": kept.expires_at.isoformat()} if kept.expires_at else {}
    return {"key": kept.key, "kind": kept.kind, "holds": kept.holds} | until


def _put(file: Any, line: dict[str, Any]) -> bytes:
    # As ASCII: what is no text in the store comes as lone surrogates.
    raw = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    file.write(raw)
    return raw


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        with gzip.open(path, "rb") as file:
            while raw := file.readline(LONGEST):
                line = json.loads(raw)
                if not raw.endswith(b"\n") or not isinstance(line, dict):
                    raise _damaged(path)
                yield raw, line
    except FileNotFoundError as error:
        raise BackupUnusable(f"There is no file {path}.") from error
    except gzip.BadGzipFile as error:
        raise BackupUnusable(f"{path} is no backup of o365bot.") from error
    except (EOFError, zlib.error, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    except OSError as error:
        raise BackupUnusable(f"{path} cannot be read: {error.strerror}.") from error


def _damaged(path: Path) -> BackupUnusable:
    return BackupUnusable(f"{path} is damaged, or was cut off.", hint="Use another backup.")


def _unwritable(path: Path, error: OSError) -> BackupUnusable:
    return BackupUnusable(f"{path} cannot be written: {error.strerror}.")
