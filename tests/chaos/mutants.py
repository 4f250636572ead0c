"""Requests that are like real ones, and wrong somewhere: what a fuzzer sends to a border."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any
from urllib.parse import quote_plus

ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        2**63,
        10**30,
        1.5,
        1e308,
        "",
        " ",
        "x",
        "\x00",
        "\ud800",
        "\u202e",
    ),
    *("a" * 5000, "<@U1>", "../../etc", "%00", "https://example.com/", "'\";--", "{{7*7}}"),
    *([], {}, [None], [[]], [{}], {"id": 5}, {"id": None}, {"type": {}}, {"": ""}),
)


def mutant(value: Any, random: Random) -> Any:
    """The value with one to three changes anywhere in it."""
    changed = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        changed = _changed(changed, random)
    return changed


def _changed(value: Any, random: Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(list(value))
        match random.randrange(8):
            case 0:
                del value[name]
            case 1:
                value[name] = random.choice(ODD)
            case 2:
                value[random.choice(("type", "event", "command", "payload", "x"))] = value[name]
            case 3:
                value[name] = _deep(value[name], random.choice((3, 60, 200)))
            case _:
                value[name] = _changed(value[name], random)
        return value
    if isinstance(value, list) and value and random.random() < 0.9:
        at = random.randrange(len(value))
        value[at] = _changed(value[at], random)
        return value
    if isinstance(value, str) and value and random.random() < 0.4:
        at = random.randrange(len(value))
        return value[:at] + random.choice(("", "\x00", "é", "\ud83d", "<", "&", "%")) + value[at:]
    return copy.deepcopy(random.choice(ODD))


def _deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


def as_json(value: Any, random: Random) -> bytes:
    """As JSON; now and then cut off, or with a byte that is none of UTF-8."""
    return _torn(dumped(value).encode(), random)


def dumped(value: Any) -> str:
    """As JSON, however deep it is: what Python cannot write is deeper than anything it reads."""
    try:
        return json.dumps(value)
    except RecursionError:
        return '{"type":' + "[" * 20_000


def as_form(fields: dict[str, Any], random: Random) -> bytes:
    """As a form. Values that are no texts go as JSON does."""
    pairs = (
        f"{_quoted(name)}={_quoted(value if isinstance(value, str) else dumped(value))}"
        for name, value in fields.items()
    )
    return _torn("&".join(pairs).encode(), random)


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def _torn(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body) + 1)
    match random.randrange(40):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + bytes((random.randrange(256),)) + body[at:]
    return body
