"""The audit as a chain: each row carries a seal over its content and the seal of the row before.

Without a key a seal is SHA-256, and shows what was changed by accident or by hand. With one it is
HMAC-SHA256 (RFC 2104), and whoever can write to the store but has no key cannot forge it. Neither
shows that the newest rows are missing together with the head that names them: for that a head is
kept elsewhere (`audit export` prints it).

Rows of releases before the chain stand in front of it, as they were; its first row then is
`SEALED`, with their number and digest. Rows that were kept long enough go from the front; `TRIMMED`
has the seal at which the rest begins.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.changes import Action

PLAIN = "sha256"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is kept. `position` is its id in the store; `number` is 0 before the chain.

    `at` is ISO 8601 in UTC, `detail` a JSON object, as text.
    """

    position: str
    number: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str
    seal: str = ""

    @property
    def told(self) -> Mapping[str, str]:
        """The particulars; none where they cannot be read."""
        try:
            found = json.loads(self.detail)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of a chain; number 0: there is none yet."""

    number: int = 0
    seal: str = ""

    def __str__(self) -> str:
        return f"{self.number}|{self.seal}"

    @staticmethod
    def parse(text: str) -> Head:
        """Raises ValueError."""
        number, bar, seal = text.partition("|")
        if not bar or not number.isascii() or not number.isdigit() or len(number) > 15:
            raise ValueError("this is no head of an audit; expected NUMBER|SEAL")
        return Head(int(number), seal)


def sealed(before: str, row: Row, key: bytes = b"") -> str:
    """The seal of a row behind one with the seal `before`."""
    content = json.dumps(
        [before, row.number, row.at, row.actor, row.action, row.subject, row.detail]
    ).encode()
    if not key:
        return f"{PLAIN}:{hashlib.sha256(content).hexdigest()}"
    return f"{_name_of(key)}:{hmac.new(key, content, hashlib.sha256).hexdigest()}"


def _name_of(key: bytes) -> str:
    """Names the key, and tells nothing of it."""
    return "hmac-" + hmac.new(key, b"o365bot audit key", hashlib.sha256).hexdigest()[:8]


def digest_of(row: Row) -> str:
    """What stands for a row in front of the chain."""
    content = [row.position, row.at, row.actor, row.action, row.subject, row.detail]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class UnchainedRows:
    """The rows in front of the chain, one after another: how many, and one digest of all."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def take(self, digest: str) -> None:
        self.rows += 1
        self._digest.update(digest.encode())

    @property
    def told(self) -> dict[str, str]:
        """As `SEALED` tells of them."""
        return {"rows": str(self.rows), "sha256": self._digest.hexdigest()}


class Wrong(StrEnum):
    """What can be wrong with a row; words in `SAYS`."""

    CHANGED = "changed"
    MISSING = "missing"
    MOVED = "moved"
    INSERTED = "inserted"
    UNCHAINED = "unchained"
    UNSEALED = "unsealed"
    NO_KEY = "no_key"
    OTHER_KEY = "other_key"
    HEAD = "head"


SAYS: Mapping[Wrong, str] = {
    Wrong.CHANGED: "was changed",
    Wrong.MISSING: "is missing",
    Wrong.MOVED: "stands in another place than it was written",
    Wrong.INSERTED: "was inserted: it is not part of the chain",
    Wrong.UNCHAINED: "has no number and no seal: a replica of a release before the chain "
    "wrote it, or somebody by hand",
    Wrong.UNSEALED: "in front of the chain: these rows are not those that were sealed",
    Wrong.NO_KEY: "carries no key, though one was in use",
    Wrong.OTHER_KEY: "carries a key that was not given: it cannot be checked",
    Wrong.HEAD: "is not the row that was there when this head was kept",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `row` names which: its number, or its position where it has none."""

    wrong: Wrong
    row: str

    def __str__(self) -> str:
        return f"row {self.row} {SAYS[self.wrong]}"


@dataclass
class Verifier:
    """Takes every row in the order of the store, then says what is wrong.

    `heads` are rows that must be there: the one that the store named before, and any that was kept
    elsewhere. `removed` are digests of rows in front of the chain that are gone since somebody was
    forgotten (by position). It holds what is wrong, and no rows.
    """

    keys: tuple[bytes, ...] = ()
    heads: tuple[Head, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    without_key: int = 0
    _last: Row | None = None
    _first: Row | None = None
    _begins: Head = Head()
    _former: UnchainedRows = field(default_factory=UnchainedRows)
    _lost: dict[int, None] = field(default_factory=dict)
    _gone: dict[str, str] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _found: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._gone = dict(sorted(self.removed.items(), key=lambda one: _order(one[0])))

    def take(self, row: Row) -> None:
        """The next row."""
        self.rows += 1
        if row.number == 0:
            self._take_former(row)
        elif self._last is None:
            self._begin(row)
        elif row.number == self._last.number + 1:
            self._check(self._last.seal, row)
            self._last = row
        elif row.number > self._last.number:
            self._lost |= dict.fromkeys(range(self._last.number + 1, row.number)[:MOST])
            self._last = row
        elif row.number in self._lost:
            del self._lost[row.number]
            self._say(Wrong.MOVED, row)
        else:
            self._say(Wrong.INSERTED, row)
        if any(row.number == one.number and row.seal != one.seal for one in self.heads):
            self._say(Wrong.HEAD, row)
        if row.action == Action.FORGET:
            self._named.update(row.told.get("removed", "").split())
        if row.action == Action.TRIMMED and row.told.get("through", "").isdigit():
            self._begins = Head(int(row.told["through"]), row.told.get("seal", ""))

    def findings(self, head: Head) -> tuple[Finding, ...]:
        """What is wrong. To be called once, with the head that the store names after all rows."""
        first = self._first
        if first is not None and first.number > 1:
            if self._begins.number == first.number - 1:
                self._check(self._begins.seal, first)
            else:
                self._lose(1, first.number)
        for number in self._lost:
            self._found.append(Finding(Wrong.MISSING, str(number)))
        last = self._last.number if self._last else 0
        newest = max((one.number for one in self.heads), default=0)
        if newest > last:
            self._lose(last + 1, newest + 1)
        if last > head.number:
            self._found.append(Finding(Wrong.INSERTED, f"{head.number + 1} to {last}"))
        if self._last is None and self._former.rows:
            self._found.append(Finding(Wrong.UNSEALED, f"1 to {self._former.rows}"))
        unnamed = sorted(self.removed.keys() - self._named, key=_order)
        self._found += (Finding(Wrong.MISSING, f"at {position}") for position in unnamed)
        return tuple(self._found)

    def _take_former(self, row: Row) -> None:
        if self._first is not None:
            self._say(Wrong.INSERTED if row.seal else Wrong.UNCHAINED, row)
            return
        self._pass_gone(row.position)
        self._former.take(digest_of(row))

    def _pass_gone(self, until: str = "") -> None:
        """Those that stood there before they were removed."""
        for position in list(self._gone):
            if not until or _order(position) < _order(until):
                self._former.take(self._gone.pop(position))

    def _begin(self, row: Row) -> None:
        self._first = self._last = row
        self._pass_gone()
        if row.number > 1:
            if self._former.rows:  # what is in front goes with the first row, or stays
                self._found.append(Finding(Wrong.INSERTED, f"1 to {self._former.rows} in front"))
            return
        self._check("", row)
        told = row.told if row.action == Action.SEALED else {"rows": "0"}
        if told.get("rows") != str(self._former.rows) or (
            self._former.rows and told != self._former.told
        ):
            self._found.append(Finding(Wrong.UNSEALED, f"1 to {told.get('rows')}"))

    def _check(self, before: str, row: Row) -> None:
        kind = row.seal.partition(":")[0]
        keys = {_name_of(key): key for key in self.keys}
        if kind == PLAIN:
            self.without_key += 1
            if before and not before.startswith(PLAIN):
                self._say(Wrong.NO_KEY, row)
        elif kind.startswith("hmac-") and kind not in keys:
            self._say(Wrong.OTHER_KEY, row)
            return
        if sealed(before, row, keys.get(kind, b"")) != row.seal:
            self._say(Wrong.CHANGED, row)

    def _lose(self, first: int, end: int) -> None:
        which = str(first) if end - first == 1 else f"{first} to {end - 1}"
        self._found.append(Finding(Wrong.MISSING, which))

    def _say(self, wrong: Wrong, row: Row) -> None:
        self._found.append(Finding(wrong, str(row.number or f"at {row.position}")))


MOST = 10_000
"""So many missing rows in one place are named one by one."""


def _order(position: str) -> tuple[int, int]:
    """Positions by when they were written: milliseconds, and a count within one."""
    at, _, count = position.partition("-")
    return (int(at) if at.isdigit() else 0, int(count) if count.isdigit() else 0)
