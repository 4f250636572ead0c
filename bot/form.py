"""A form as data: what is asked for where something can be filled in, and what is said by it.

A form says nothing that could not be typed: what was filled in becomes one line, and goes the way
of every other line. So there is one reading of words, and one place that decides who may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """What is filled in."""

    LINE = "line"
    TEXT = "text"
    DAY = "day"  # as 2027-01-31


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `name` is a word; `hint` is small print; `value` stands there already.

    What need not be filled in is `optional`.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.LINE
    hint: str = ""
    value: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer asks back for, as fields: sending it off is as if its sender had typed it.

    `said` are the parts of what is typed then, with `{name}` for what a field holds; a part whose
    field was left empty is left out (`filled`). `missing` is what a field says that has to be
    filled in.
    """

    title: str
    send: str
    cancel: str
    said: tuple[str, ...]
    fields: tuple[Field, ...]
    missing: str = ""


MOST_FILLED = 400
"""Characters of one field that count."""
_FIELD = re.compile(r"\{(\w+)\}")


def filled(said: Iterable[str], values: Mapping[str, str]) -> str:
    """What is said by a form's parts and the values of its fields: one line."""
    one_line = {name: " ".join(value.split())[:MOST_FILLED] for name, value in values.items()}
    parts = (
        _FIELD.sub(lambda found: one_line[found[1]], part)
        for part in said
        if all(one_line.get(name) for name in _FIELD.findall(part))
    )
    return " ".join(parts)
