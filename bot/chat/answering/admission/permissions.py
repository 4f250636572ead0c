"""Which level each command takes. What is not named here takes an operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from bot.chat.typed.commands import (
    About,
    Command,
    Deadlines,
    Export,
    Hello,
    Help,
    Home,
    ListApps,
    Mine,
    NeedsApp,
    Personal,
    PlanAhead,
    SomebodyElse,
    Thanks,
    Who,
    Why,
)
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import WITH_APP
from bot.domain.people.access import Level
from bot.message import Block, Button, Buttons, Folded, Group, Item, Menu, Message, OpenLink

Way = TypeVar("Way", Button, Button | Menu)
_APP = re.compile(r"\S+/\S+")

ANYBODY = Help | Home | Hello | Mine | SomebodyElse | Thanks
READING = ListApps | Why | About | Who | Deadlines | PlanAhead | Export


def needed(command: Command) -> Level:
    """The least level that may say it.

    What somebody was asked in person is said by anybody: whose code or account it is decides.
    """
    if isinstance(command, ANYBODY | Personal):
        return Level.ANYBODY
    if isinstance(command, NeedsApp):
        return needed(WITH_APP[command.verb](""))
    if isinstance(command, ListApps) and command.shared:
        return Level.OPERATOR  # others read it without having asked
    return Level.VIEWER if isinstance(command, READING) else Level.OPERATOR


def offered(message: Message, level: Level) -> Message:
    """The same, without the buttons that would be refused to somebody of that level."""
    if level is Level.OPERATOR:
        return message
    share = message.share if message.share and _may(message.share, level) else None
    return replace(message, share=share, blocks=tuple(_blocks(message.blocks, level)))


def _blocks(blocks: Sequence[Block], level: Level) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Buttons(buttons, more):
                row = Buttons(_left(buttons, level), _left(more, level))
                if row.buttons or row.more:
                    yield row
            case Group(items):
                yield replace(block, items=tuple(_item(item, level) for item in items))
            case Folded(blocks=inner):
                left = (one for one in _blocks(inner, level) if not isinstance(one, Folded))
                yield replace(block, blocks=tuple(left))
            case _:
                yield block


def _item(item: Item, level: Level) -> Item:
    button = item.button if item.button and _may(item.button, level) else None
    return replace(item, button=button, more=_left(item.more, level))


def _left(ways: Sequence[Way], level: Level) -> tuple[Way, ...]:
    return tuple(way for way in ways if _may(way, level))


def _may(way: Button | Menu, level: Level) -> bool:
    """Of a menu by its first option: they are all of one kind."""
    if isinstance(way, OpenLink):
        return True
    words = way.options[0].words if isinstance(way, Menu) else way.words
    return level >= _needed(_APP.sub("org/app", words))


@lru_cache(maxsize=256)
def _needed(words: str) -> Level:
    """Whichever the app is: a list says the same of dozens."""
    return needed(parse(words))
