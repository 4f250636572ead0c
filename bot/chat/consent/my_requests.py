"""What waits for the person who asks, each with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.chat.words import Words
from bot.domain.consent.requests import FRESH, ConsentRequest, Stage
from bot.message import Block, Command, Group, Item, Message, Note, Text

SHOWN = 5
_SPOKEN_OF = {"later": ("later",), "not_me": ("notme",), "done": ("saved", "already")}
"""Of which buttons a title speaks: the one that is there stands first, the others behind it."""


@dataclass(frozen=True, slots=True)
class About:
    """What somebody said of what waits for them, without naming any of it ("done").

    `name` is who is right instead, and `when` the time to ask again, both as they were said.
    """

    said: str
    name: str = ""
    when: str = ""


def mine(
    words: Words,
    requests: Sequence[ConsentRequest],
    about: About,
    due: date,
    *,
    chat_is_proof: bool,
) -> Message:
    """The open requests of one person, the first of which has to be done by `due`.

    `chat_is_proof`: "It's me" in chat is enough to take one on.
    """
    shown = requests[:SHOWN]
    ways = [_ways(words, one, about, chat_is_proof=chat_is_proof) for one in shown]
    key = f"mine.{_said(about, ways)}"
    given = {"date": words.date(due), "name": about.name, "when": about.when}
    title = words(key if words.has(key) else "mine.title", count=len(requests), **given)
    items = (_item(words, one, its) for one, its in zip(shown, ways, strict=True))
    blocks: list[Block] = [Text(title), Group(tuple(items))]
    if len(requests) > SHOWN:
        blocks.append(Note(words("mine.more", count=len(requests) - SHOWN)))
    if any(request.stage in FRESH for request in shown):
        blocks.append(Note(words("mine.link")))
    return Message(title, tuple(blocks))


def _said(about: About, ways: Sequence[Sequence[Command]]) -> str:
    """The title that fits; where no button says what they said, their link leads to it."""
    if about.name:
        return "named"
    spoken = _SPOKEN_OF.get(about.said, ())
    if spoken and not any(_is(its[0], spoken) for its in ways):
        return f"{about.said}_by_link"
    return "later_then" if about.when else about.said


def _item(words: Words, request: ConsentRequest, ways: Sequence[Command]) -> Item:
    first, *more = ways
    stage = words(f"stage.{request.stage.value}")
    line = words("mine.line", stage=stage, code=request.code)
    return Item(request.app_label, request.tenant_domain, (line,), first, tuple(more))


def _ways(
    words: Words, request: ConsentRequest, about: About, *, chat_is_proof: bool
) -> list[Command]:
    """The next step first; where another one was spoken of, that."""
    code = request.code
    later = Command(f"later:{code}", words("button.later"), f"later {code} {about.when}".rstrip())
    if about.name:
        not_me = f"notme {code} maybe {about.name}"
        return [Command(f"notme:{code}", words("button.not_me"), not_me, primary=True), later]
    ways = []
    if request.stage is Stage.ACKNOWLEDGED:
        saved = words("button.saved")
        ways.append(Command(f"saved:{code}", saved, f"saved {code}", primary=True))
        ways.append(Command(f"me:{code}", words("button.steps"), f"me {code}"))
    elif request.stage in FRESH and chat_is_proof:
        ways.append(Command(f"me:{code}", words("button.me"), f"me {code}", primary=True))
        if about.said == "done":
            ways.append(Command(f"already:{code}", words("button.saved"), f"already {code}"))
    ways += [Command(f"notme:{code}", words("button.not_me"), f"notme {code}"), later]
    spoken = next((one for one in ways if _is(one, _SPOKEN_OF.get(about.said, ()))), None)
    if spoken is None:
        return ways
    others = (replace(one, primary=False) for one in ways if one is not spoken)
    return [replace(spoken, primary=True), *others]


def _is(way: Command, verbs: Sequence[str]) -> bool:
    return way.id.partition(":")[0] in verbs
