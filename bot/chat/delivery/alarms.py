"""What an operator is told when messages do not get through, and who must act."""

from __future__ import annotations

from datetime import tzinfo

from bot.chat.words import Words
from bot.domain.delivery.incidents import Trouble
from bot.domain.delivery.notices import Alarm
from bot.message import Fact, Facts, Heading, Message, Note, Text
from bot.ports.ledger import Ledger


async def alarm(ledger: Ledger, notice: Alarm, words: Words, zone: tzinfo) -> Message | None:
    """The message, or None when the trouble is over by now; `zone` is the organisation's."""
    trouble = (await ledger.troubles()).get(notice.about)
    if trouble is not None:
        return _trouble(trouble, words, zone)
    return None


def _trouble(trouble: Trouble, words: Words, zone: tzinfo) -> Message:
    where = trouble.place.partition(":")[2] or trouble.place
    if trouble.is_installation:
        title = words("alarm.installation_title", place=trouble.place)
        text = words("alarm.installation_text")
    elif trouble.is_of_chat:
        title = words("alarm.channel_title", place=trouble.place)
        text = words("alarm.channel_text")
    elif trouble.platform == "okta":
        title, text = words("alarm.org_title", org=where), words("alarm.org_text")
    elif trouble.platform == "entra":
        title, text = words("alarm.tenant_title", tenant=where), words("alarm.tenant_text")
    elif trouble.platform == "doctor":
        title, text = words("alarm.doctor_title", place=where), words("alarm.doctor_text")
    else:
        title, text = words("alarm.expires_title", key=where), words("alarm.expires_text")
    return Message(
        title,
        (
            Heading(title),
            Text(text),
            Facts(
                (
                    Fact(words("alarm.place"), trouble.place),
                    Fact(words("alarm.reason"), trouble.reason),
                )
            ),
            Text(words.said("alarm.since", at=words.clock(trouble.since, zone))),
            Note(words("alarm.once")),
        ),
    )
