"""What waits for the person who asks, each with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.chat.words import Words
from bot.domain.consent.requests import FRESH, ConsentRequest, Stage
from bot.message import Block, Command, Group, Item, Message, Note, Text

SHOWN = 5


def mine(
    words: Words,
    requests: Sequence[ConsentRequest],
    said: str,
    due: date,
    name: str = "",
    *,
    chat_is_proof: bool,
) -> Message:
    """The open requests of one person. `said`: what they said without naming any ("done").

    `due`: when the first of them has to be done. `name`: who is right instead, as they said.
    `chat_is_proof`: "It's me" in chat is enough to take one on.
    """
    said = "named" if name else said
    key = f"mine.{said}" if words.has(f"mine.{said}") else "mine.title"
    title = words(key, count=len(requests), date=words.date(due), name=name)
    shown = requests[:SHOWN]
    blocks: list[Block] = [
        Text(title),
        Group(tuple(_item(words, one, name, chat_is_proof=chat_is_proof) for one in shown)),
    ]
    if len(requests) > SHOWN:
        blocks.append(Note(words("mine.more", count=len(requests) - SHOWN)))
    if any(request.stage in FRESH for request in shown):
        blocks.append(Note(words("mine.link")))
    return Message(title, tuple(blocks))


def _item(words: Words, request: ConsentRequest, name: str, *, chat_is_proof: bool) -> Item:
    first, *more = _ways(words, request, name, chat_is_proof=chat_is_proof)
    stage = words(f"stage.{request.stage.value}")
    said = words("mine.line", stage=stage, code=request.code)
    return Item(request.app_label, request.tenant_domain, (said,), first, tuple(more))


def _ways(
    words: Words, request: ConsentRequest, name: str, *, chat_is_proof: bool
) -> list[Command]:
    """The next step first; where somebody else was named, that."""
    code, ways = request.code, []
    if name:
        not_me = f"notme {code} maybe {name}"
        ways.append(Command(f"notme:{code}", words("button.not_me"), not_me, primary=True))
        ways.append(Command(f"later:{code}", words("button.later"), f"later {code}"))
        return ways
    if request.stage is Stage.ACKNOWLEDGED:
        saved = words("button.saved")
        ways.append(Command(f"saved:{code}", saved, f"saved {code}", primary=True))
        ways.append(Command(f"me:{code}", words("button.steps"), f"me {code}"))
    elif request.stage in FRESH and chat_is_proof:
        ways.append(Command(f"me:{code}", words("button.me"), f"me {code}", primary=True))
    ways.append(Command(f"notme:{code}", words("button.not_me"), f"notme {code}"))
    ways.append(Command(f"later:{code}", words("button.later"), f"later {code}"))
    return ways
