"""A message as data, for any platform: what it says and what can be pressed, not how it is drawn.

Every text is plain: an adapter escapes it for its platform and adds nothing. `Message.summary` is
the one-line form for notifications and screen readers.

Read from a phone: a list is `Group`s of `Item`s, a table has three columns at most, and what only
some want to read is `Folded`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people.admins import ChatIdentity, Platform
from bot.form import Form


class Tone(StrEnum):
    """What a status is about, so that a platform may add its own mark beside the word."""

    GOOD = "good"
    WAITING = "waiting"
    ATTENTION = "attention"
    NEUTRAL = "neutral"


MARKS = {Tone.GOOD: "✓", Tone.WAITING: "●", Tone.ATTENTION: "▲"}
"""Told apart by their form, and drawn in the colour of the text: readable on light and on dark."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, told by the reader's own clock where the platform can do that.

    `text` says it elsewhere, in a whole phrase: "Nov 3, 14:05 CET".
    """

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person who is told that they are spoken of, where the platform can do that."""

    who: ChatIdentity
    name: str


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel, which leads there where the platform can do that. `name` says it elsewhere."""

    platform: Platform
    channel_id: str
    name: str


Part = str | Moment | Mention | ChannelName
Said = str | tuple[Part, ...]
"""What is said in a paragraph; its parts stand one behind the other, without anything between."""


def plainly(said: Said) -> str:
    """What is said, where there is nothing but text."""
    return said if isinstance(said, str) else "".join(map(_plain_part, said))


def _plain_part(part: Part) -> str:
    match part:
        case Moment(text=text) | Mention(name=text) | ChannelName(name=text):
            return text
        case _:
            return part


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: Said


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: how fresh, why am I getting this."""

    text: Said


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
    """Rows have as many cells as there are columns: three at most, else phones cut them off."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total`, with words beside the bar."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """What is asked before a button acts: `text` says what happens then, `yes` starts with a verb.

    Where a button cannot ask, it acts at once: what must not happen by a slip asks in chat.
    """

    title: str
    text: str
    yes: str
    no: str


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
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A button that opens an address in the browser."""

    id: str
    label: str
    url: str
    primary: bool = False


Button = Command | OpenLink


@dataclass(frozen=True, slots=True)
class Menu:
    """One of many things to say, from a list that opens: filters, pages. `label` stands on it."""

    id: str
    label: str
    options: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Buttons:
    """What can be pressed, in a row; `more` is what is needed less, and stands behind a "⋮"."""

    buttons: tuple[Button | Menu, ...]
    more: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a list: its name, what is near its name in smaller print, and what is said.

    `button` is the next step, `more` is what can be done besides: it stands behind a "⋮".
    """

    title: str
    beside: str = ""
    lines: tuple[Said, ...] = ()
    button: Button | None = None
    more: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Things that have something in common: `title` says what, `note` what holds for each.

    Without a title they stand by themselves.
    """

    items: tuple[Item, ...]
    title: str = ""
    tone: Tone = Tone.NEUTRAL
    note: Said = ""


@dataclass(frozen=True, slots=True)
class Folded:
    """What only some want to read: shown by pressing `label`.

    Where nothing unfolds in place, the button says `words`, whose answer shows it.
    """

    label: str
    words: str
    blocks: tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at an address that the platform fetches; `alt` says all that it shows."""

    url: str
    alt: str


Plain = Heading | Text | Note | Facts | Table | Progress | Picture | Buttons | Group
Block = Plain | Folded


class Role(StrEnum):
    """What a message is to whoever asked, so that a platform knows where to show it."""

    ANSWER = "answer"  # it shows something
    OUTCOME = "outcome"  # something was changed: what offered it is over
    REFUSAL = "refusal"  # nothing was done: what was there stays there


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `private`: where the platform can, only the one who asked should see it.

    `share` says the same to everybody: offered where others are, and do not see this one. `form`
    asks for the same as the words do, for where something can be filled in. `view` names what this
    shows, of a message that many see: with it an operator's client asks for the same with what they
    can do, where the platform has clients that ask.
    """

    summary: str
    blocks: tuple[Block, ...] = ()
    private: bool = True
    role: Role = Role.ANSWER
    share: Command | None = None
    form: Form | None = None
    view: str = ""

    @property
    def words(self) -> str:
        """All that it says, a line each: for where only text can be shown."""
        said = [plainly(b.text) for b in self.blocks if isinstance(b, Heading | Text | Note)]
        return "\n".join(said) or self.summary


def in_text(message: Message) -> str:
    """The same message where nothing can be drawn: every part of it in lines, and what to type."""
    said = "\n".join(line for block in message.blocks for line in _lines(block))
    return said if said.strip() else message.summary


def rows_in_text(table: Table) -> Iterator[str]:
    """A table in lines: each row by its first cell, then what the other columns say."""
    for first, *others in table.rows:
        said = (
            f"{name}: {cell.text}"
            for name, cell in zip(table.columns[1:], others, strict=False)
            if cell.text
        )
        yield " · ".join((first.text, *said))


def item_in_text(item: Item) -> str:
    """What an item says, without what can be pressed: "Office 365 · contoso: what is said"."""
    name = " · ".join(filter(None, (item.title, item.beside)))
    return ": ".join(filter(None, (name, " ".join(map(plainly, item.lines)))))


def headed(group: Group) -> str:
    """The title behind the mark of its tone, which the neutral one does without."""
    return group.title if group.tone is Tone.NEUTRAL else f"{MARKS[group.tone]} {group.title}"


def group_in_text(group: Group) -> Iterator[str]:
    """A group in lines, without what can be pressed."""
    if group.title:
        yield headed(group)
    if group.note:
        yield plainly(group.note)
    yield from (f"• {item_in_text(item)}" for item in group.items)


def buttons_of(block: Block) -> tuple[Button, ...]:
    """Whatever can be pressed in a block, from top to bottom."""
    match block:
        case Buttons(buttons, more):
            shown = (one for b in buttons for one in (b.options if isinstance(b, Menu) else (b,)))
            return (*shown, *more)
        case Group(items):
            return tuple(one for i in items for one in (i.button, *i.more) if one is not None)
        case Folded(blocks=blocks):
            return tuple(one for inner in blocks for one in buttons_of(inner))
        case _:
            return ()


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text) | Text(text) | Note(text):
            yield plainly(text)
        case Facts(facts):
            yield from (f"{fact.name}: {fact.value}" for fact in facts)
        case Table():
            yield from rows_in_text(block)
        case Progress(label=label):
            yield label
        case Picture(alt=alt):
            yield alt
        case Buttons(buttons, more):
            for button in (*buttons, *more):
                if isinstance(button, Menu):
                    yield f"{button.label}: {', '.join(f'“{o.words}”' for o in button.options)}"
                else:
                    yield _pressed(button)
        case Group(items, title, tone, note):
            yield from group_in_text(Group((), title, tone, note))
            for item in items:
                yield f"• {item_in_text(item)}"
                if item.button is not None:
                    yield _pressed(item.button)
        case Folded(blocks=blocks):
            for inner in blocks:
                yield from _lines(inner)


def _pressed(button: Button) -> str:
    goal = button.url if isinstance(button, OpenLink) else f"“{button.words}”"
    return f"{button.label}: {goal}"
