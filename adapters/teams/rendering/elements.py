"""One block of a message as a card's elements, and what can be pressed. Pure functions.

What a button asks before it acts, and what is folded away, is there from the start and hidden: its
button shows it (Action.ToggleVisibility), without a way to us and back. What else an item offers
is in the overflow menu of its buttons (`mode: secondary`, "Overflow menu on Adaptive Cards",
Microsoft Learn).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, assert_never

from adapters.teams.rendering.texts import Json, clip, escape, plain, spoken
from bot.message import (
    MARKS,
    Block,
    Button,
    Buttons,
    Command,
    Facts,
    Folded,
    Group,
    Heading,
    Item,
    Menu,
    Note,
    OpenLink,
    Picture,
    Progress,
    Said,
    Table,
    Text,
    Tone,
    headed,
    plainly,
)

VERB = "say"
VIEW = "view"  # what a client asks that shows a card
OWN = "own"  # in the data of a button: the card is an answer
MAX_CELL = 500  # characters
MAX_LABEL = 200
ACTIONS_PER_SET = 6  # Teams shows no more in one row
# What fits the narrowest phones, by a renderer of Microsoft's: a row, a letter, all around a label.
PHONE, LETTER, AROUND_LABEL, OVERFLOW = 274, 8, 34, 46
NARROW = 100  # a column that can still be read
BAR_CELLS = 20

# Only these two are readable on light and on dark; the marks tell the rest.
_COLORS = {Tone.GOOD: "good", Tone.ATTENTION: "attention"}


def parts_of(block: Block) -> int:
    """How many parts a block can be shortened to: rows, items, buttons, or characters."""
    match block:
        case (
            Table(rows=parts) | Facts(parts) | Buttons(parts) | Group(parts) | Folded(blocks=parts)
        ):
            return len(parts)
        case Progress(label=text) | Picture(alt=text) | Heading(text):
            return len(text)
        case Text(text) | Note(text):
            return len(plainly(text))
        case _:
            assert_never(block)


def render_block(block: Block, left: int, own: bool) -> list[Json]:
    """The elements of the first `left` parts of a block."""
    match block:
        case Heading(text):
            return _text(clip(text, left), size="large", weight="bolder", style="heading")
        case Text(text):
            return _said(text, left)
        case Note(text):
            return _said(text, left, size="small", isSubtle=True)
        case Progress(label=label):
            return _text(f"{_bar(block)} {clip(label, left)}")
        case Picture(url, alt):
            words = clip(plain(alt), left)
            return [{"type": "Image", "url": url, "altText": words, "size": "stretch"}]
        case Facts(facts):
            shown = [
                {"title": _cell(fact.name), "value": _cell(fact.value)} for fact in facts[:left]
            ]
            return [*([{"type": "FactSet", "facts": shown}] if shown else []), *_more(facts, left)]
        case Table(rows=rows):
            return [*([_table(block, left)] if left else []), *_more(rows, left)]
        case Buttons(buttons, more):
            return _buttons(buttons[:left], own, more)
        case Group():
            return _group(block, left, own)
        case Folded(label, words, blocks):
            inner = [one for b in blocks[:left] for one in render_block(b, parts_of(b), own)]
            inner += _more(blocks, left)
            target = f"folded:{words}"
            return [_row([_toggle(label, target)]), _hidden(target, inner)] if inner else []
        case _:
            assert_never(block)


def _more(parts: Sequence[object], left: int) -> list[Json]:
    """How many parts were left out, for people."""
    return _text(f"… +{len(parts) - left}", isSubtle=True) if left < len(parts) else []


def _said(said: Said, left: int, **style: Any) -> list[Json]:
    words = plainly(said)
    if len(words) > left:
        return _text(clip(words, left), **style)
    return _block(spoken(said), **style)


def _text(text: str, **style: Any) -> list[Json]:
    return _block(escape(text), **style)


def _block(markdown: str, **style: Any) -> list[Json]:
    return [{"type": "TextBlock", "text": markdown, "wrap": True, **style}] if markdown else []


def _cell(text: str) -> str:
    return escape(clip(text, MAX_CELL))


def _bar(progress: Progress) -> str:
    share = min(max(progress.done / progress.total, 0.0), 1.0) if progress.total > 0 else 0.0
    full = int(share * BAR_CELLS)  # rounded down: a full bar means done
    return "▰" * full + "▱" * (BAR_CELLS - full)


def _table(table: Table, left: int) -> Json:
    def cell(text: str, **style: Any) -> Json:
        shown = {"type": "TextBlock", "text": _cell(text), "wrap": True, **style}
        return {"type": "TableCell", "items": [shown]}

    def toned(text: str, tone: Tone) -> Json:
        color = {"color": _COLORS[tone]} if tone in _COLORS else {}
        return cell(text if tone is Tone.NEUTRAL else f"{MARKS[tone]} {text}", **color)

    header = [cell(column, weight="bolder") for column in table.columns]
    rows = [[toned(c.text, c.tone) for c in row] for row in table.rows[:left]]
    return {
        "type": "Table",  # by default its first row is the header
        "columns": [{"width": 1} for _ in table.columns],
        "rows": [{"type": "TableRow", "cells": cells} for cells in (header, *rows)],
    }


# -------------------------------------------------------------------- lists


def _group(group: Group, left: int, own: bool) -> list[Json]:
    head: list[Json] = []
    if plain(group.title):
        title = headed(group)
        color = {"color": _COLORS[group.tone]} if group.tone in _COLORS else {}
        head = _text(
            clip(title, MAX_CELL),
            size="medium",
            weight="bolder",
            style="heading",
            spacing="large",
            separator=True,
            **color,
        )
    head += _said(group.note, MAX_CELL, size="small", isSubtle=True, spacing="small")
    items = (_item(item, own) for item in group.items[:left])
    return [*head, *chain.from_iterable(items), *_more(group.items, left)]


def _item(item: Item, own: bool) -> list[Json]:
    """Name and lines, buttons beside them where a phone has room for both; a question below."""
    run = {"type": "TextRun", "text": name(item.title, MAX_CELL), "weight": "bolder"}
    told: list[Json] = [{"type": "RichTextBlock", "inlines": [run]}]
    for line in _beside(item):
        told += _said(line, MAX_CELL, spacing="none")
    buttons = (item.button,) if item.button else ()
    actions = [*_actions(buttons, own), *(_besides(one, own) for one in item.more)]
    if not actions:
        return [{"type": "Container", "items": told, "spacing": "small"}]
    if not _has_room(item, actions):
        whole = {"type": "Container", "items": [*told, _row(actions)], "spacing": "medium"}
        return [whole, *_questions(buttons, own)]
    columns = [
        {"type": "Column", "width": "stretch", "items": told},
        {"type": "Column", "width": "auto", "items": [_row(actions)]},
    ]
    row = {"type": "ColumnSet", "columns": columns, "spacing": "medium"}
    return [row, *_questions(buttons, own)]


def _has_room(item: Item, actions: Sequence[Json]) -> bool:
    """Whether no word beside the buttons is broken, and no line has but one or two of them."""
    shown = [action for action in actions if action.get("mode") != "secondary"]
    taken = sum(LETTER * len(action["title"]) + AROUND_LABEL for action in shown)
    left = PHONE - taken - (OVERFLOW if len(shown) < len(actions) else 0)
    words = " ".join((item.title, *map(plainly, _beside(item)))).split()
    return left >= max(NARROW, LETTER * max(map(len, words), default=0))


def _beside(item: Item) -> tuple[Said, ...]:
    """The lines below the name: what is beside it stands before the first, since names are long."""
    beside = clip(plain(item.beside), MAX_CELL)
    if not beside or not item.lines:
        return (beside, *item.lines) if beside else item.lines
    first, *others = item.lines
    parts = (first,) if isinstance(first, str) else first
    return ((f"{beside} · ", *parts), *others)


# -------------------------------------------------------------------- what can be pressed


def _buttons(
    buttons: Sequence[Button | Menu], own: bool, more: Sequence[Button] = ()
) -> list[Json]:
    """In rows that fit a phone: not every client breaks them."""
    rows: list[list[Json]] = [[]]
    left: float = PHONE
    for action in _actions(buttons, own):
        width = LETTER * len(action["title"]) + AROUND_LABEL
        if rows[-1] and (width > left or len(rows[-1]) == ACTIONS_PER_SET):
            rows.append([])
            left = PHONE
        rows[-1].append(action)
        left -= width
    besides = [_besides(one, own) for one in more]
    if besides and (left < OVERFLOW or len(rows[-1]) + len(besides) > ACTIONS_PER_SET):
        # The menu does not stand alone: the last button goes with it.
        rows.append([rows[-1].pop()] if len(rows[-1]) > 1 else [])
    rows[-1] += besides
    return [*(_row(row) for row in rows if row), *_questions(buttons, own)]


def name(text: str, limit: int = MAX_LABEL) -> str:
    """What something is called, on one line; never nothing, which nobody could press."""
    return clip(plain(text), limit) or "–"


def _row(actions: Sequence[Json]) -> Json:
    return {"type": "ActionSet", "actions": list(actions)}


def _actions(buttons: Iterable[Button | Menu], own: bool) -> list[Json]:
    """A button each; what asks or opens shows its own hidden part first."""
    return [
        _toggle(one.label, f"menu:{one.id}")
        if isinstance(one, Menu)
        else _toggle(one.label, f"ask:{one.id}", primary=one.primary)
        if isinstance(one, Command) and one.confirm is not None
        else _action(one, own)
        for one in buttons
    ]


def _questions(buttons: Iterable[Button | Menu], own: bool) -> list[Json]:
    """What buttons show first: the options of a menu, and what is asked before one acts."""
    shown = []
    for one in buttons:
        if isinstance(one, Menu):
            shown.append(_hidden(f"menu:{one.id}", [_option(way, own) for way in one.options]))
        elif isinstance(one, Command) and (ask := one.confirm) is not None:
            target = f"ask:{one.id}"
            yes = _execute(one, ask.yes, own) | {"style": "positive"}
            said = [
                *_text(clip(ask.title, MAX_CELL), weight="bolder"),
                *_text(clip(ask.text, MAX_CELL), spacing="small"),
                _row([yes, _toggle(ask.no, target)]),
            ]
            shown.append(_hidden(target, said))
    return shown


def _option(button: Command, own: bool) -> Json:
    """One of many, as a line: in a button Teams would cut it off."""
    said = _text(name(button.label), weight="bolder")
    return {"type": "Container", "items": said, "selectAction": _action(button, own)}


def _hidden(name: str, items: list[Json]) -> Json:
    return {
        "type": "Container",
        "id": name,
        "isVisible": False,
        "style": "emphasis",
        "items": items,
    }


def _toggle(label: str, target: str, *, primary: bool = False) -> Json:
    shown = {
        "type": "Action.ToggleVisibility",
        "title": name(label),
        "targetElements": [target],
    }
    return shown | ({"style": "positive"} if primary else {})


def _action(button: Button, own: bool) -> Json:
    style: Json = {"style": "positive"} if button.primary else {}
    if isinstance(button, OpenLink):
        title = name(button.label)
        shown = {"type": "Action.OpenUrl", "url": button.url, "id": button.id, "title": title}
        return shown | style
    action = _execute(button, button.label, own) | style
    # Clients that know no Universal Actions send the same data as a message.
    submit = {"type": "Action.Submit", "data": action["data"], "title": action["title"]}
    return action | {"fallback": submit}


def _besides(button: Button, own: bool) -> Json:
    """In the overflow menu; without a fallback, for clients that have the menu know the rest."""
    if isinstance(button, OpenLink):
        return _action(button, own) | {"mode": "secondary"}
    return _execute(button, button.label, own) | {"mode": "secondary"}


def _execute(button: Command, label: str, own: bool) -> Json:
    return {
        "type": "Action.Execute",
        "verb": VERB,
        "data": {"words": button.words, "id": button.id, **({OWN: True} if own else {})},
        "id": button.id,
        "title": name(label),
    }
