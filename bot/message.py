"""A message as data, for any platform: what it says and what can be pressed, not how it is drawn.

Every text is plain: an adapter escapes it for its platform and adds nothing. `Message.summary` is
the one-line form for notifications and screen readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a status is about, so that a platform may add its own mark beside the word."""

    GOOD = "good"
    WAITING = "waiting"
    ATTENTION = "attention"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: how fresh, why am I getting this."""

    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Facts:
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Table:
    """Rows have as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total`, with words beside the bar."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Command:
    """A button that says a command: pressing it is as if its presser had typed `words`.

    `id` is stable and unique within the message; `label` starts with a verb. `page` is the address
    where the same can be said, for where nothing can be pressed ("": nowhere).
    """

    id: str
    label: str
    words: str
    primary: bool = False
    page: str = ""


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A button that opens an address in the browser."""

    id: str
    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Buttons:
    buttons: tuple[Command | OpenLink, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at an address that the platform fetches; `alt` says all that it shows."""

    url: str
    alt: str


Block = Heading | Text | Note | Facts | Table | Progress | Buttons | Picture


class Role(StrEnum):
    """What a message is to whoever asked, so that a platform knows where to show it."""

    ANSWER = "answer"  # it shows something
    OUTCOME = "outcome"  # something was changed: what offered it is over
    REFUSAL = "refusal"  # nothing was done: what was there stays there


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `private`: where the platform can, only the one who asked should see it."""

    summary: str
    blocks: tuple[Block, ...] = ()
    private: bool = True
    role: Role = Role.ANSWER

    @property
    def words(self) -> str:
        """All that it says, a line each: for where only text can be shown."""
        said = [b.text for b in self.blocks if isinstance(b, Heading | Text | Note)]
        return "\n".join(said) or self.summary
