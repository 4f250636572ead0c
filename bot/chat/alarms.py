"""What an operator is told when messages do not get through, and who must act."""

from __future__ import annotations

from datetime import tzinfo

from bot.chat.words import Words
from bot.domain.consent import ConsentRequest
from bot.domain.intents import Reason
from bot.domain.notices import Alarm
from bot.domain.troubles import Trouble
from bot.message import Block, Buttons, Command, Fact, Facts, Heading, Message, Note, Text
from bot.ports.ledger import Ledger
from bot.services.remind import NOBODY_LEFT


async def alarm(ledger: Ledger, notice: Alarm, words: Words, zone: tzinfo) -> Message | None:
    """The message, or None when the trouble is over by now; `zone` is the organisation's."""
    trouble = (await ledger.troubles()).get(notice.about)
    if trouble is not None:
        return _trouble(trouble, words, zone)
    request = await ledger.request(notice.about)
    if request is not None and notice.code == NOBODY_LEFT:
        return (
            _stuck(request, notice.on.partition(":")[0], words) if request.stage.is_open else None
        )
    return None if request is None else await _undelivered(ledger, request, words)


def _trouble(trouble: Trouble, words: Words, zone: tzinfo) -> Message:
    if trouble.is_installation:
        title = words("alarm.installation_title", place=trouble.place)
        text = words("alarm.installation_text")
    else:
        title = words("alarm.channel_title", place=trouble.place)
        text = words("alarm.channel_text")
    return Message(
        title,
        (
            Heading(title),
            Text(text),
            Facts(
                (
                    Fact(words("alarm.place"), trouble.place),
                    Fact(words("alarm.since"), words.moment(trouble.since, zone)),
                    Fact(words("alarm.reason"), trouble.reason),
                )
            ),
            Note(words("alarm.once")),
        ),
    )


async def _undelivered(ledger: Ledger, request: ConsentRequest, words: Words) -> Message:
    """It tells as well whether somebody else was asked instead."""
    title = words("alarm.person_title", name=request.admin_name, app=request.app_label)
    record = await ledger.app(request.app)
    another = None
    if record is not None and record.request_id not in ("", request.id):
        another = await ledger.request(record.request_id)
    blocks: list[Block] = [Heading(title), Text(words("alarm.person_text"))]
    if another is not None:
        blocks.append(Text(words("alarm.person_another", name=another.admin_name)))
    else:
        blocks.append(Text(words("alarm.person_nobody", app=request.app_label)))
        who = f"who {request.app.app_id}"
        blocks.append(Buttons((Command("who", words("alarm.person_who"), who),)))
    blocks.append(Note(words("alarm.once")))
    return Message(title, tuple(blocks))


def _stuck(request: ConsentRequest, why: str, words: Words) -> Message:
    """Nobody is left to ask: the operators have to see to it."""
    if why == Reason.NOT_SEEN:
        title = words("unseen.title", app=request.app_label)
        text, following = words("unseen.text", name=request.admin_name), words("unseen.next")
        button = Command("check", words("button.check"), f"check {request.app}")
    else:
        title = words("silent.title", app=request.app_label)
        text, following = words("silent.text", name=request.admin_name), words("silent.next")
        who = words("button.who", app=request.app_label)
        button = Command("who", who, f"who {request.app}")
    return Message(
        title,
        (
            Heading(title),
            Text(text),
            Text(following),
            Buttons((button,)),
        ),
    )
