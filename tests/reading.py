"""What a message says and offers, whatever it is drawn with."""

from __future__ import annotations

from collections.abc import Iterator

from bot.message import (
    Buttons,
    Command,
    Facts,
    Folded,
    Group,
    Heading,
    Item,
    Message,
    Note,
    OpenLink,
    Picture,
    Progress,
    Table,
    Text,
    group_in_text,
    plainly,
)
from bot.message import buttons_of as pressed_in
from tests.drawing import check_drawn


def lines(message: Message) -> Iterator[str]:
    """Every text that a reader sees, from top to bottom."""
    for block in message.blocks:
        match block:
            case Heading(text):
                yield text
            case Text(said) | Note(said):
                yield plainly(said)
            case Group():
                yield from group_in_text(block)
                yield from (f"[{button.label}]" for button in pressed_in(block))
            case Folded(label, _, inner):
                yield f"[{label}]"
                yield from lines(Message("", inner))
            case Facts(facts):
                yield from (f"{fact.name}: {fact.value}" for fact in facts)
            case Table(columns, rows):
                yield " | ".join(columns)
                yield from (" | ".join(cell.text for cell in row) for row in rows)
            case Picture(alt=alt):
                yield alt
            case Progress(_, _, label):
                yield label
            case Buttons():
                yield from (f"[{button.label}]" for button in pressed_in(block))


def text_of(message: Message) -> str:
    """All of it, as one text."""
    return "\n".join(lines(message))


def buttons_of(message: Message) -> list[Command | OpenLink]:
    """Every button, in order."""
    return [button for block in message.blocks for button in pressed_in(block)]


def said_by_buttons(message: Message) -> list[str]:
    """The words of every button that says something, in order."""
    return [button.words for button in buttons_of(message) if isinstance(button, Command)]


def items_of(message: Message) -> list[Item]:
    """Every item of every group, in order; not what is folded away."""
    return [item for block in message.blocks if isinstance(block, Group) for item in block.items]


def check_form(message: Message) -> None:
    """What every platform relies on, and that each can draw it."""
    check_drawn(message)
    assert message.summary.strip()
    ids = [button.id for button in buttons_of(message)]
    assert len(ids) == len(set(ids))
    for button in buttons_of(message):
        assert button.label.strip()
        assert button.words if isinstance(button, Command) else True
    for block in message.blocks:
        if isinstance(block, Table):
            assert block.rows
            assert {len(row) for row in block.rows} == {len(block.columns)}
        if isinstance(block, Progress):
            assert 0 <= block.done <= block.total
