"""What an operator is told when messages do not get through, and who must act."""

from __future__ import annotations

from datetime import tzinfo

from bot.chat.words import Words
from bot.domain.delivery.incidents import GAP, Incident
from bot.domain.delivery.notices import Alarm
from bot.message import Fact, Facts, Heading, Message, Note, Text
from bot.ports.store.ledger import Ledger


async def alarm(ledger: Ledger, notice: Alarm, words: Words, zone: tzinfo) -> Message | None:
    """The message, or None when the incident is over by now; `zone` is the organisation's."""
    incident = (await ledger.incidents()).get(notice.about)
    if incident is not None:
        return _incident(incident, words, zone)
    return None


def _incident(incident: Incident, words: Words, zone: tzinfo) -> Message:
    where = incident.place.partition(":")[2] or incident.place
    if incident.is_installation:
        title = words("alarm.installation_title", place=incident.place)
        text = words("alarm.installation_text")
    elif incident.is_of_chat:
        title = words("alarm.channel_title", place=incident.place)
        text = words("alarm.channel_text")
    elif incident.platform == "okta":
        title, text = words("alarm.org_title", org=where), words("alarm.org_text")
    elif incident.platform == "entra":
        title, text = words("alarm.tenant_title", tenant=where), words("alarm.tenant_text")
    elif incident.platform == "engine":
        title, text = words("alarm.engine_title"), words("alarm.engine_text")
    elif incident.place == GAP:
        title, text = words("alarm.gap_title"), words("alarm.gap_text")
    elif incident.platform == "doctor":
        title, text = words("alarm.doctor_title", place=where), words("alarm.doctor_text")
    elif incident.platform == "webhook":
        title, text = words("alarm.webhook_title"), words("alarm.webhook_text")
    else:
        title, text = words("alarm.expires_title", key=where), words("alarm.expires_text")
    return Message(
        title,
        (
            Heading(title),
            Text(text),
            Facts(
                (
                    Fact(words("alarm.place"), incident.place),
                    Fact(words("alarm.reason"), incident.reason),
                )
            ),
            Text(words.said("alarm.since", at=words.clock(incident.since, zone))),
            Note(words("alarm.once")),
        ),
    )
