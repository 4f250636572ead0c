"""A message as a mail: plain text and HTML that say the same.

What is pressed in chat is a link here: a command goes to its page, and is left out where it has
none. Pictures are left out: mail programs block them, and their words stand beside them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.chat.words import Words
from bot.domain.normalization import exact
from bot.domain.visible import shown, visible
from bot.message import (
    Block,
    Buttons,
    Command,
    Facts,
    Folded,
    Group,
    Heading,
    Message,
    Note,
    OpenLink,
    Picture,
    Progress,
    Table,
    Text,
    buttons_of,
    group_in_text,
    headed,
    plainly,
)

WIDTH = 72


class MailRenderer:
    """Both forms; the template is read once."""

    def __init__(self) -> None:
        self._template = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=shown,
        ).get_template("message.html")
        self._template.globals.update(plainly=plainly, headed=headed)

    def html(self, words: Words, message: Message) -> str:
        """One page without scripts, pictures or anything that is fetched."""
        return self._template.render(
            language=words.language,
            message=message,
            blocks=[(exact(type(block).__name__), block) for block in _unfolded(message.blocks)],
            links=links,
            footer=words("mail.footer"),
        )

    def plain(self, words: Words, message: Message) -> str:
        """Lines of some 70 letters; an address is never broken."""
        parts = [part for part in _paragraphs(message) if part]
        return visible("\n\n".join((*parts, "-- \n" + _filled(words("mail.footer")))) + "\n")


def links(block: Block) -> list[tuple[str, str, bool]]:
    """What can be opened from a mail: label, address, and whether it is the main thing."""
    found = []
    for button in buttons_of(block):
        match button:
            case OpenLink(label=label, url=url, primary=primary):
                found.append((label, url, primary))
            case Command(label=label, page=page) if page:
                found.append((label, page, False))
    return found


def _unfolded(blocks: Iterable[Block]) -> Iterator[Block]:
    """Nothing unfolds in a mail: all of it is there."""
    for block in blocks:
        if isinstance(block, Folded):
            yield from _unfolded(block.blocks)
        else:
            yield block


def _paragraphs(message: Message) -> Iterator[str]:
    for block in _unfolded(message.blocks):
        match block:
            case Heading(text):
                yield f"{_flat(text)}\n{'=' * min(len(_flat(text)), WIDTH)}"
            case Text(text) | Note(text):
                yield _filled(plainly(text))
            case Facts(facts):
                yield "\n".join(_filled(f"{fact.name}: {fact.value}") for fact in facts)
            case Table(columns, rows):
                yield "\n".join(
                    _filled(
                        "; ".join(f"{c}: {cell.text}" for c, cell in zip(columns, row, strict=True))
                    )
                    for row in rows
                )
            case Progress(done, total, label):
                yield _filled(f"{label} ({done}/{total})")
            case Group():
                yield "\n".join(map(_filled, group_in_text(block)))
                yield _addresses(block)
            case Buttons():
                yield _addresses(block)
            case Picture(alt=alt):
                yield _filled(alt)


def _addresses(block: Block) -> str:
    return "\n".join(f"{_flat(label)}:\n{url}" for label, url, _ in links(block))


def _filled(text: str) -> str:
    lines = (
        textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    return "\n".join(lines)


def _flat(text: str) -> str:
    return " ".join(text.split())
