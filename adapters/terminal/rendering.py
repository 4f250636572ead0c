"""The neutral message in a terminal, drawn by rich.

Texts come from Okta and Microsoft too, so nothing in them may steer the terminal: what cannot be
printed is replaced, and rich's markup is not read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import message
from bot.message import Block, Group, Message, Tone, headed, plainly

_STYLES = {
    Tone.GOOD: "green",
    Tone.WAITING: "yellow",
    Tone.ATTENTION: "red",
    Tone.NEUTRAL: "",
}
# A table in a file or a pipe is not cut to some screen's width.
_UNLIMITED = 240


def console(*, errors: bool = False) -> Console:
    """A console on stdout, or on stderr (`errors`)."""
    stream = sys.stderr if errors else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else _UNLIMITED,
        highlight=False,
    )


def render(shown: Message, on: Console) -> None:
    """Print a message. Buttons that say a chat command are left out, addresses are printed."""
    _blocks(shown.blocks, on)


def _blocks(blocks: Iterable[Block], on: Console) -> None:
    for block in blocks:
        match block:
            case message.Heading(text):
                on.print(_text(text, "bold"))
            case message.Text(text):
                on.print(_text(plainly(text)))
            case message.Note(text):
                on.print(_text(plainly(text), "dim"))
            case message.Group():
                _group(block, on)
            case message.Folded(blocks=inner):
                _blocks(inner, on)
            case message.Progress(label=label):
                on.print(_text(label))
            case message.Facts(facts):
                grid = Table.grid(padding=(0, 2))
                for fact in facts:
                    grid.add_row(_text(fact.name, "dim"), _text(fact.value))
                on.print(grid)
            case message.Table(columns, rows):
                on.print(_table(columns, rows))
            case message.Buttons(buttons, more):
                for button in (*buttons, *more):
                    if isinstance(button, message.OpenLink):
                        on.print(_text(f"{button.label}: {button.url}"))


def _group(group: Group, on: Console) -> None:
    """A table without lines: names at the left, what is said of them at the right."""
    if group.title:
        on.print(_text(headed(group), f"bold {_STYLES[group.tone]}".strip()))
    if group.note:
        on.print(_text(plainly(group.note), "dim"))
    grid = Table.grid(padding=(0, 2))
    for item in group.items:
        said = " ".join(map(plainly, item.lines))
        grid.add_row(_text(item.title), _text(item.beside, "dim"), _text(said))
    on.print(grid)


def printable(text: str) -> str:
    """The text without anything that a terminal would act on."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _table(columns: tuple[str, ...], rows: tuple[tuple[message.Cell, ...], ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for column in columns:
        table.add_column(_text(column))
    for row in rows:
        table.add_row(*(_text(cell.text, _STYLES[cell.tone]) for cell in row))
    return table


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style)
