"""Whatever a name is, each message and form shows it as text, and within the platforms' limits.

Every message that the bot can tell (by the code's own lists) gets hostile text in the place of each
text, so no place can be forgotten: names, labels, questions, titles, choices, hints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from adapters.mail.rendering import MailRenderer
from adapters.slack.rendering.forms import view
from adapters.slack.rendering.message import MAX_HOME_BLOCKS, render_text
from adapters.slack.rendering.message import render as draw_for_slack
from adapters.teams.rendering.card import render as draw_for_teams
from bot.chat.consent.personal import PersonalReplies
from bot.chat.forms import Forms
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.replies import Replies
from bot.chat.words import Words
from bot.domain.people.admins import ChatIdentity
from bot.form import Field, Form
from bot.message import Group, Item, Message, Note, Progress, Text
from sandbox.slack.blocks import modal_problems
from tests.drawing import check_drawn
from tests.sayings import WRITTEN, personal, replied, shape, told, waivers, whats
from tests.there import there
from tests.unit.test_forms import MAKE

NAMES = (
    "*bold* _slanted_ ~gone~ `code` :tada: > said",
    "<!channel> <!here|x> <!everyone> @channel <!subteam^S1>",
    "<@U0OLA> <#C0DEST|x> <!date^1^{date}|x>",
    "<at>Ola</at> **bold** # title",
    "[a link](https://evil.example.com) ![](https://evil.example.com/x.png)",
    "<https://evil.example.com|Okta> https://evil.example.com www.evil.example.com",
    "<script>alert(1)</script> <b onclick='x'>&amp;</b> \" '",
    "{{DATE(2017-02-14T06:08:39Z,SHORT)}} ${name} {code} %s",
    "safe\u202eexe.\u2066\u200f\u061c",
    "ti\x00tle\x07\x1b[31m\r\nBcc: all@example.com\x85",
    "zero\u200bwidth\ufeff\u2060\u00adhere\U000e0041",
    "W" * 5000,
    "a b " * 2000,
    "&<>" * 1500,
    "👩‍💻🎉🏴‍☠️",
    "\u200b\u202e",
    "  \n \t ",
    "",
)
MAIL = MailRenderer()
UNSEEN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200b\u200f\u061c\ufeff\u2060\u00ad\x00\x07\x1b\x85]"
)
# What is said or led to by a press, and what things are called inside: no text, nobody reads it.
MECHANICS = {"id", "words", "url", "page", "said", "view", "language", "time_zone", "channel_id"}
SENTENCES = {
    *((Message, "summary"), (Text, "text"), (Note, "text"), (Progress, "label")),
    *((Item, "lines"), (Group, "note")),
}
ACTIVE = re.compile(r"<(?!!date\^\d+\^\{date_short\}, \{time\}\||@[UW]\w+>|#[CG]\w+>)")
LINK = re.compile(r"(?<!\\)\[(?:[^\]\\]|\\.)*\](?<!\\\])\(|(?<!\\)<(?!at>|/at>)|(?<!\\)[*`]")


def hostile(value: Any, names: Iterator[str], frame: str = "{}") -> Any:
    """The same with a hostile name in the place of each text; sentences have it in their middle."""
    if type(value) is str:
        return frame.replace("{}", next(names))
    if isinstance(value, tuple):
        return tuple(hostile(one, names, frame) for one in value)
    if not is_dataclass(value) or isinstance(value, type | ChatIdentity):
        return value
    fixed = MECHANICS | ({"name", "value"} if isinstance(value, Field) else set())
    return replace(
        value,
        **{
            one.name: hostile(
                getattr(value, one.name),
                names,
                "of {} it is said" if (type(value), one.name) in SENTENCES else "{}",
            )
            for one in fields(value)
            if one.name not in fixed
        },
    )


async def everything() -> list[Message]:
    """All that the bot can tell, each of a shape of its own."""
    words = Words("en")
    by_name = (
        replied(Replies(words)),
        told(words),
        personal(PersonalReplies(words)),
        waivers(WaiverReplies(words)),
    )
    found = [one for written in by_name for messages in written.values() for one in messages]
    for write in WRITTEN:
        found += [message for _, message in await write("en") if message is not None]
    found += [Replies(words).error(error, "why") for error in whats()]
    return [*{shape(one): one for one in found}.values()]


def texts(value: Any, key: str) -> Iterator[Any]:
    """Whatever stands under this key, anywhere inside."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for one in value.values():
            yield from texts(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, key)


def of_kind(value: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Each object of this type, anywhere inside."""
    if isinstance(value, dict):
        if value.get("type") == kind:
            yield value
        for one in value.values():
            yield from of_kind(one, kind)
    elif isinstance(value, list):
        for one in value:
            yield from of_kind(one, kind)


async def test_a_name_is_text_on_every_surface() -> None:
    """Each message has another name in the place of each of its texts, one behind the other."""
    names = cycle(NAMES)
    for one in await everything():
        message = hostile(one, names)
        check_drawn(message)
        slack = draw_for_slack(message, most=MAX_HOME_BLOCKS)
        for drawn in (slack, render_text(message)):
            assert not ACTIVE.search(drawn.text)
            for text in of_kind(drawn.blocks, "mrkdwn"):
                assert text["verbatim"] is True
                assert not ACTIVE.search(text["text"]), text
                assert "evil" not in text["text"], text
        card = draw_for_teams(message, own=True)
        entities = {one["text"] for one in card.get("msteams", {}).get("entities", ())}
        for block in of_kind(card["body"], "TextBlock"):
            assert not LINK.search(block["text"].replace("<at>", "").replace("</at>", "")), block
            assert set(re.findall("<at>.*?</at>", block["text"])) <= entities
        for action in texts(card, "actions"):
            assert all(one["title"].strip() for one in action), action
        mail = MAIL.html(Words("en"), message)
        assert not re.search("<script|<b |<img", mail)
        for surface in (json.dumps(slack.blocks, ensure_ascii=False), slack.text, mail):
            assert not UNSEEN.search(surface.replace("\\n", " "))
        assert not UNSEEN.search(json.dumps(card["body"], ensure_ascii=False))


@pytest.mark.parametrize("name", MAKE)
def test_a_form_takes_whatever_it_is_named_and_about(name: str) -> None:
    """Titles, labels, hints, what stands there already; and an app with such a name."""
    form: Form = MAKE[name][0](Forms(Words("en")))
    for first in range(len(NAMES)):
        names = cycle((*NAMES[first:], *NAMES[:first]))
        odd = hostile(form, names)
        drawn = there(view(odd, {"url": "", "thread": ""}))
        assert modal_problems(drawn) == []
        check_drawn(Message("It asks.", form=odd))
