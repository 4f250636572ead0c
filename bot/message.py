"""A message as data, for any platform: what it says and what can be pressed, not how it is drawn.

Every text is plain: an adapter escapes it for its platform and adds nothing. `Message.summary` is
the one-line form for notifications and screen readers.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def in_text(message: Message) -> str:
    """The same message where nothing can be drawn: every part of it in lines, and what to type."""
    return "\n".join(line for block in message.blocks for line in _lines(block)) or message.summary


def rows_in_text(table: Table) -> Iterator[str]:
    """A table in lines: each row by its first cell, then what the other columns say."""
    for first, *others in table.rows:
        said = (
            f"{name}: {cell.text}"
            for name, cell in zip(table.columns[1:], others, strict=False)
            if cell.text
        )
        yield " · ".join((first.text, *said))


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text) | Text(text) | Note(text):
            yield text
        case Facts(facts):
            yield from (f"{fact.name}: {fact.value}" for fact in facts)
        case Table():
            yield from rows_in_text(block)
        case Progress(label=label):
            yield label
        case Picture(alt=alt):
            yield alt
        case Buttons(buttons):
            for button in buttons:
                goal = button.url if isinstance(button, OpenLink) else f"“{button.words}”"
                yield f"{button.label}: {goal}"
