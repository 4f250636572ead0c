"""The variables of the environment that give settings, and what is said of a wrong one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from json import JSONDecodeError
from typing import get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

from bot.settings.errors import around, sections

PREFIX = "O365BOT_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
# What Kubernetes gives to every container beside a service called `o365bot` ("Service", environment
# variables): no setting, and nobody's mistake.
_OF_A_SERVICE = re.compile(r"SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?")


def strange(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A line for each variable that is ours by its name and gives none of the `fields`.

    pydantic-settings looks for known ones. What stands after the first `__` it looks at itself.
    """
    known = {name.upper() for name in fields}
    for name, (first, _) in _ours().items():
        if first not in known and not _OF_A_SERVICE.fullmatch(name.upper().removeprefix(PREFIX)):
            near = get_close_matches(name.upper(), [*_names(fields)], 1, 0.9)
            asks = f"is {near[0]} meant?" if near else "is it misspelt?"
            yield f"{name}: no such setting; {asks}"


def _names(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """Of the variables that there are, down to the keys of sections."""
    for name, field in fields.items():
        yield f"{PREFIX}{name}".upper()
        for section in sections(field.annotation):
            for key in section.model_fields:
                yield f"{PREFIX}{name}__{key}".upper()


def within_lists(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A line for each variable that would change a list in part, which none can."""
    lists = {
        name.upper() for name, field in fields.items() if get_origin(field.annotation) is tuple
    }
    for name, (first, below) in _ours().items():
        if first in lists and below:
            yield f"{name}: a list stands in the file, or as JSON in {PREFIX}{first}"


def named(line: str) -> str:
    """A line about a key, with the variable that gave it, if one did."""
    key = re.match(r"[\w.-]+", line)
    parts = key[0].upper().split(".") if key else []
    given = {name.upper(): name for name in _ours()}
    for end in range(len(parts), 0, -1):
        asked = PREFIX + "__".join(parts[:end])
        name = given.get(asked) or given.get(f"{asked}_FILE")
        if key and name:
            told = line[key.end() :]
            left = around(os.environ[name])
            return f"{key[0]} ({name}){told}{'' if told.endswith(left) else left}"
    return line


def not_json(error: SettingsError) -> str:
    """A line about the variable that should have been JSON."""
    cause = error.__cause__
    value = cause.doc if isinstance(cause, JSONDecodeError) else None
    names = [name for name in _ours() if os.environ[name] == value]
    if not names:  # the error names the field in quotes, and not the value
        names = [f"{PREFIX}{str(error).split(chr(34))[1].upper()}"]
    return f'{" or ".join(names)}: expected JSON, such as ["one", "two"]'


def _ours() -> dict[str, tuple[str, str]]:
    """Our variables, by name: the setting, and what stands below it."""
    found = {}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() != CONFIG_VARIABLE:
            first, _, below = name.upper().removeprefix(PREFIX).partition("__")
            found[name] = first, below
    return found
