"""The time and randomness of the machine."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, in UTC."""

    def now(self) -> datetime: ...


class Secrets(Protocol):
    """Randomness that nobody can guess."""

    def token(self) -> str:
        """256 bits, URL-safe."""
        ...

    def identifier(self) -> str:
        """A short unique id."""
        ...

    def code(self) -> str:
        """A short code that people read to each other: no look-alike letters."""
        ...
