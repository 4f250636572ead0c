"""Reading what Slack answered. Every value is checked for its form before it is believed.

Slack answers as documented, but what stands between may not, and a method may answer less than it
did: then it is a ChatError as any other, instead of a KeyError in the middle of a delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import ChatUnreachable

Json = Mapping[str, Any]


class UnexpectedAnswer(ChatUnreachable):
    """Slack's answer is not what it documents; what was asked for may have been done."""

    def __init__(self, what: str = "") -> None:
        told = f"Slack's answer is not what it documents{f': no {what}' if what else ''}."
        super().__init__(told)


def lenient(value: Any, *path: str) -> str:
    """The text at the end of `path` in an object; "" where there is none, or something else."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def text(answer: Json, *path: str) -> str:
    """As `lenient`, where the answer says nothing without it. Raises UnexpectedAnswer."""
    found = lenient(answer, *path)
    if not found:
        raise UnexpectedAnswer(".".join(path))
    return found


def object_of(answer: Json, name: str) -> Json:
    """The object of that name. Raises UnexpectedAnswer."""
    found = answer.get(name)
    if not isinstance(found, Mapping):
        raise UnexpectedAnswer(name)
    return found


def objects_of(answer: Json, name: str) -> list[Json]:
    """The objects in the list of that name. Raises UnexpectedAnswer when there is no such list."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise UnexpectedAnswer(name)
    return [one for one in found if isinstance(one, Mapping)]
