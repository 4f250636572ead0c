"""The printed transcript: when, who, what. Coloured on a terminal, plain text elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 110
STYLES = {"bot": "bold green", "sandbox": "dim", "store": "bold magenta", "Okta": "bold blue"}


class Transcript:
    """Prints one line after the other, each with the seconds since the start."""

    def __init__(self, console: Console | None = None) -> None:
        # Where nobody looks at the width, a fixed one keeps the text the same everywhere.
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = PLAIN_WIDTH
        self.started = time.monotonic()
        self.lines = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def note(self, text: str, style: str = "") -> None:
        """Something outside of the story."""
        self.console.print(Text(text, style))

    def chapter(self, title: str) -> None:
        """A heading."""
        self.console.print()
        self.console.print(Text(title, "bold underline" if self.console.is_terminal else ""))

    def line(self, who: str, what: str, *more: RenderableType) -> None:
        """`who` did or said `what`; `more` stands indented below."""
        self.lines += 1
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", width=8, style="cyan", no_wrap=True)
        grid.add_column(width=8, no_wrap=True)
        grid.add_column()
        body = Text(what)
        grid.add_row(f"{self.elapsed:.2f} s", Text(who, STYLES.get(who, "bold yellow")), body)
        self.console.print(grid)
        for part in more:
            self.console.print(Padding(part, (0, 0, 0, 22), expand=False))


def small_table(rows: Sequence[Sequence[str]]) -> Table:
    """A quiet table; the first row is its head."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows[1:]:
        table.add_row(*(Text(cell) for cell in row))
    return table
