"""The filter expressions of Okta (SCIM) and Microsoft Graph (OData), as far as they are used.

One grammar reads both: `eventType eq "a" and (target.id eq "b" or eventType sw "c")` and
`startswith(displayName,'a') and activityDateTime ge 2026-01-01T00:00:00Z`. `and` binds tighter
than `or`. What the real service would not understand either raises `FilterError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

Lookup = Callable[[str], Iterable[object]]
Predicate = Callable[[Lookup], bool]

_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[(),]|[^\s(),"']+)""")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)$")

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda have, want: have == want,
    "ne": lambda have, want: have != want,
    "sw": lambda have, want: have.startswith(want),
    "ew": lambda have, want: have.endswith(want),
    "co": lambda have, want: want in have,
    "ge": lambda have, want: have >= want,
    "gt": lambda have, want: have > want,
    "le": lambda have, want: have <= want,
    "lt": lambda have, want: have < want,
}
_FUNCTIONS = {"startswith": "sw", "endswith": "ew", "contains": "co"}
_PRESENT = "pr"


class FilterError(ValueError):
    """The filter expression is not understood."""


class Comparison(NamedTuple):
    """One comparison of an expression; `literal` as it is written, with its quotes."""

    name: str
    operator: str
    literal: str


def parse(text: str) -> Predicate:
    """Turn a filter expression into a predicate over a record's fields.

    The predicate asks its `Lookup` for the values of a field (several for a list) and holds when
    any of them compares; strings compare without regard to case, as both services do.
    Raises `FilterError`.
    """
    parser = _Parser(_tokens(text))
    predicate = parser.any_of()
    if parser.rest:
        raise FilterError(f"unexpected {parser.rest[0]!r}")
    return predicate


def comparisons(text: str) -> list[Comparison]:
    """What an expression compares, in its order; a function is an operator. Raises FilterError."""
    parser = _Parser(_tokens(text))
    parser.any_of()
    if parser.rest:
        raise FilterError(f"unexpected {parser.rest[0]!r}")
    return parser.found


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterError(f"cannot read {text[position:]!r}")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens
        self.found: list[Comparison] = []

    def any_of(self) -> Predicate:
        parts = [self.all_of()]
        while self.rest and self.rest[0].lower() == "or":
            self.take()
            parts.append(self.all_of())
        return lambda lookup: any(part(lookup) for part in parts)

    def all_of(self) -> Predicate:
        parts = [self.one()]
        while self.rest and self.rest[0].lower() == "and":
            self.take()
            parts.append(self.one())
        return lambda lookup: all(part(lookup) for part in parts)

    def one(self) -> Predicate:
        word = self.take()
        if word == "(":
            inside = self.any_of()
            self.take(")")
            return inside
        if word.lower() in _FUNCTIONS and self.rest[:1] == ["("]:
            self.take("(")
            name = self.take()
            self.take(",")
            want = self.take()
            self.take(")")
            self.found.append(Comparison(name, word.lower(), want))
            return _comparison(name, _FUNCTIONS[word.lower()], want)
        operator = self.take().lower()
        if operator == _PRESENT:
            self.found.append(Comparison(word, operator, ""))
            return lambda lookup: any(value is not None for value in lookup(word))
        want = self.take()
        self.found.append(Comparison(word, operator, want))
        return _comparison(word, operator, want)

    def take(self, expected: str | None = None) -> str:
        if not self.rest or (expected is not None and self.rest[0] != expected):
            raise FilterError(f"expected {expected or 'more'}")
        return self.rest.pop(0)


def _comparison(name: str, operator: str, literal: str) -> Predicate:
    compare = _COMPARE.get(operator.lower())
    if compare is None:
        raise FilterError(f"unknown operator {operator!r}")
    want = _comparable(_plain(literal))

    def holds(lookup: Lookup) -> bool:
        return any(compare(_text(value), want) for value in lookup(name))

    return holds


def _plain(literal: str) -> str:
    if literal.startswith('"'):
        return re.sub(r"\\(.)", r"\1", literal[1:-1])
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'")
    return literal


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else _comparable(str(value))


def _comparable(text: str) -> str:
    """Instants in one spelling, so that they sort as text; anything else in lower case."""
    if _INSTANT.match(text):
        at = datetime.fromisoformat(text).astimezone(UTC)
        return at.isoformat(timespec="milliseconds")
    return text.casefold()
