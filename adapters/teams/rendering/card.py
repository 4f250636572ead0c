"""The neutral message as an Adaptive Card (version 1.5, the newest that Teams takes from bots)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from heapq import heapify, heappop, heappush

from pydantic_core import to_json

from adapters.teams.rendering.elements import VIEW, name, parts_of, render_block
from adapters.teams.rendering.forms import apart, form
from adapters.teams.rendering.texts import Json, clip, escape, mentions, plain
from bot.message import Block, Buttons, Folded, Group, Message, Note, Said, Text

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
MAX_CARD_BYTES = 28 * 1024  # compact JSON; 28 KB is the smallest figure that Microsoft ever named
RESERVE = 64  # bytes for what depends on the elements
MAX_SUMMARY = 500  # characters


def render(
    message: Message, *, own: bool = False, shared: bool = False, viewers: Sequence[str] = ()
) -> Json:
    """The card. Never longer than MAX_CARD_BYTES: what does not fit ends in "… +N".

    `own`: it is an answer, so that the outcome of a button on it may take its place. A board or a
    letter is changed by what keeps it, and by nothing else. The clients of `viewers` (`29:…`) ask
    for a card of their own. `shared`: there are others, who do not see it and can be shown it.
    """
    blocks = message.blocks or (Text(clip(message.summary, MAX_SUMMARY)),)
    if shared and message.share is not None:
        last = blocks[-1] if isinstance(blocks[-1], Buttons) else None
        before = blocks[:-1] if last else blocks
        last = last or Buttons(())
        blocks = (*before, replace(last, buttons=(*last.buttons, message.share)))
    room = [parts_of(block) for block in blocks]

    def sketched(block: Block, left: int) -> list[Json]:
        elements = render_block(block, left, own)
        return list(map(apart, elements)) if message.form else elements

    shown = list(map(sketched, blocks, room))
    asked = form(message.form, own) if message.form else []
    told = [one for said in _paragraphs(blocks) for one in mentions(said)]
    frame = partial(_card, message, told=told, viewers=viewers)
    whole = frame([*_joined(shown), *asked])
    if _size(whole) <= MAX_CARD_BYTES - RESERVE:
        return whole
    total = _size(frame(asked)) + sum(map(_size, shown))
    # The longest is halved first; buttons go last: without them nobody can act.
    order = [(isinstance(block, Buttons), -_size(shown[i]), i) for i, block in enumerate(blocks)]
    heapify(order)
    while total > MAX_CARD_BYTES - RESERVE and order:
        is_buttons, size, i = heappop(order)
        if room[i]:
            room[i] //= 2
            shown[i] = sketched(blocks[i], room[i])
            heappush(order, (is_buttons, -_size(shown[i]), i))
        else:
            shown[i] = []
        total += _size(shown[i]) + size
    return frame([*_joined(shown), *asked])


def _joined(shown: list[list[Json]]) -> list[Json]:
    return [element for elements in shown for element in elements]


def _paragraphs(blocks: tuple[Block, ...]) -> Iterator[Said]:
    for block in blocks:
        match block:
            case Text(text) | Note(text):
                yield text
            case Group(items, note=note):
                yield from (note, *(line for item in items for line in item.lines))
            case Folded(blocks=inner):
                yield from _paragraphs(inner)


def _size(render_block: Json | list[Json]) -> int:
    return len(to_json(render_block))


def _card(message: Message, body: list[Json], told: list[Json], viewers: Sequence[str]) -> Json:
    words = clip(plain(message.summary), MAX_SUMMARY)
    card: Json = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "speak": words,
        "fallbackText": escape(words),
        "body": body or render_block(Text(name(message.summary)), MAX_SUMMARY, own=False),
    }
    if message.view and viewers:
        asks = {"type": "Action.Execute", "verb": VIEW, "data": {VIEW: message.view}}
        card["refresh"] = {"action": asks, "userIds": list(viewers)}
    teams: Json = {}
    if any(element["type"] == "Table" for element in body):
        teams["width"] = "Full"
    if told:
        teams["entities"] = told
    return card | ({"msteams": teams} if teams else {})
