"""What is wrong with the settings, in plain words: one line for each key, and no value in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bot.domain.normalization import exact

NUMBER = "expected a whole number"
SWITCH = "expected true or false"
DATE = "expected a date such as 2027-01-15"
SAYS = {
    "missing": "is missing",
    "extra_forbidden": "is not a setting; is it misspelt?",
    "string_type": "expected text in quotes",
    "bool_type": SWITCH,
    "bool_parsing": SWITCH,
    "int_type": NUMBER,
    "int_parsing": NUMBER,
    "int_parsing_size": NUMBER,
    "int_from_float": NUMBER,
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "tuple_type": 'expected a list such as ["one", "two"]',
    "path_type": "expected a path in quotes",
    "path_not_file": "there is no such file",
}
LISTS_OF_SECTIONS = ("okta", "campaign.targets")
# How tokens of Slack, keys, and client secrets of Microsoft begin.
_SECRET = re.compile(r"xox\w-|xapp-|-----BEGIN|[\w.~-]{3}8Q~")
_KEYS_OF_SECRETS = ("token", "secret", "password", "key")
KEY_OF_TABLE = "[key]"  # how pydantic marks that the key itself is wrong


def problems(error: ValidationError, of: type[BaseModel]) -> tuple[str, ...]:
    """One line per wrong key of these settings.

    Its path, what was expected, how to give it by environment.
    """
    return tuple(line for item in error.errors() for line in _lines(item, of))


def _lines(item: Mapping[str, Any], of: type[BaseModel]) -> Iterator[str]:
    parts = [str(part) for part in item["loc"] if part != KEY_OF_TABLE]
    if item["type"] == "wrong":
        for path, says in item["ctx"]["found"]:
            # "(2) must be more than …" goes on from the key, whose value it is.
            yield f"{_key((*parts, path))}{' ' if says.startswith('(') else ': '}{says}"
        return
    key, where = _key(parts), ""
    if item["type"] == "extra_forbidden":
        lost = len(parts) > 1 and parts[-1] in of.model_fields
        if lost and not isinstance(item["input"], dict | list):
            yield f"{key}: belongs to no section; write {parts[-1]} before the first [section]"
            return
        if near := _near(parts, of):
            yield f"{key}: is not a setting; is {near} meant?"
            return
    if item["type"] == "missing" and not _in_list(parts):
        where = f" (or O365BOT_{'__'.join(parts).upper()})"
    yield f"{key}: {in_words(key, item)}{where}{_slipped_in(key, item['input'])}"


def _near(parts: Sequence[str], of: type[BaseModel]) -> str:
    """The setting beside a wrong one that looks most like it; "" for none."""
    inside = {of}
    for part in parts[:-1]:
        fields = [one.model_fields[part] for one in inside if part in one.model_fields]
        if fields:  # else the part is the number of one in a list
            inside = {one for field in fields for one in sections(field.annotation)}
    names = {name for one in inside for name in one.model_fields}
    spelt = exact(parts[-1]).replace("-", "_")
    return next(iter(get_close_matches(spelt, sorted(names), 1, 0.75)), "")


def sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Those that a field may hold, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from sections(part)


def around(value: object) -> str:
    """What editors, shells and `.env` files leave around a value, to go on with."""
    if not isinstance(value, str) or not value.strip():
        return ""
    if value != value.strip():
        return "; there is a space or a line break around it"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return "; leave out the quotes around it"
    return ""


def _slipped_in(key: str, value: object) -> str:
    """What is easily taken for the value, or along with it."""
    if isinstance(value, str) and _SECRET.match(value) and not key.endswith(_KEYS_OF_SECRETS):
        return "; this looks like a secret, which has a key and a file of its own"
    return around(value)


def _in_list(parts: Iterable[str]) -> bool:
    return "okta" in parts or any(part.isdecimal() for part in parts)


def _key(parts: Iterable[str]) -> str:
    return ".".join(parts) or "settings"


def _in_a_list(key: str) -> bool:
    name, _, number = key.rpartition(".")
    return name in LISTS_OF_SECTIONS and number.isdecimal()


def in_words(key: str, item: Mapping[str, Any]) -> str:
    """What is wrong with one value, which pydantic tells of as `item`."""
    context = item.get("ctx", {})
    match item["type"]:
        case "value_error":  # our own words
            return str(context["error"])
        case "enum" | "literal_error":
            return "expected " + str(context["expected"]).replace("'", "")
        case "greater_than_equal":
            return f"expected at least {context['ge']}"
        case "less_than_equal":
            return f"expected at most {context['le']}"
        case "too_short":
            return f"give at least {context['min_length']}, or leave it out"
        case "string_too_short":
            return "must not be empty"
        case "tuple_type" if key in LISTS_OF_SECTIONS:
            return f"expected [[{key}]] in double brackets, once for each"
        case "model_type" | "model_attributes_type" if _in_a_list(key):
            return f"expected [[{key.rpartition('.')[0]}]] in double brackets, once for each"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"expected a section such as [{key}]"
        case kind if kind.startswith(("date_", "datetime_")):
            return DATE
        case kind:
            return SAYS.get(kind, "is not valid here")
