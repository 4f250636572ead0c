"""A personal reminder: everything that waits for one person, in one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.words import Words
from bot.domain.campaign.intents import Policy
from bot.domain.consent.later import snooze_choices
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.notices import PersonalRound
from bot.domain.time.calendar import Calendar
from bot.message import Block, Buttons, Command, Fact, Facts, Heading, Message, Note, OpenLink, Text

_APP = {
    Stage.REQUESTED: "round.app_requested",
    Stage.DELIVERED: "round.app",
    Stage.ACKNOWLEDGED: "round.app_acknowledged",
    Stage.SAVED: "round.app_saved",
}


def personal_round(
    words: Words,
    notice: PersonalRound,
    requests: Sequence[ConsentRequest],
    links: Mapping[str, str],
    policy: Policy,
    now: datetime,
    *,
    also: Sequence[ConsentRequest] = (),
    can_wait: bool = True,
) -> Message:
    """The message. `requests` are those that it names, `also` those that it only links to.

    `can_wait`: whether it can be put off from here.
    """
    calendar = policy.calendars.of_person(notice.to)
    first = min(requests, key=lambda request: policy.deadline(request).on)
    on = policy.deadline(first).on
    title = words(
        f"round.title_{notice.tone}", count=len(requests) + notice.more, app=first.app_label
    )
    blocks: list[Block] = [
        Heading(title),
        Text(words("round.hello", name=first.admin_name)),
        Text(words(f"window.{notice.window}", date=words.date(on))),
        Facts(
            tuple(
                Fact(
                    request.app_label,
                    words(_APP[request.stage], tenant=request.tenant_domain, code=request.code),
                )
                for request in requests
            )
        ),
    ]
    if opens := _opens(words, requests, links):
        blocks.append(Buttons((replace(opens[0], primary=True), *opens[1:])))
    if notice.more:
        blocks.append(Text(words("reminder.more", count=notice.more)))
    if more := _opens(words, also, links):
        blocks += [Note(words("round.also")), Buttons(more)]
    choices = snooze_choices(now, on, calendar)
    if choices and can_wait:
        blocks.append(
            Buttons(tuple(_later(words, (*requests, *also), at, calendar) for at in choices))
        )
    blocks.append(Note(words(f"reason.{notice.reason}", name=first.requested_by)))
    blocks.append(Note(words("round.stop")))
    return Message(title, tuple(blocks))


def _opens(
    words: Words, requests: Sequence[ConsentRequest], links: Mapping[str, str]
) -> tuple[OpenLink, ...]:
    """A button for each that has a link."""
    return tuple(
        OpenLink(
            f"open:{request.id}",
            words("button.take_on", app=request.app_label),
            links[request.id],
            primary=False,
        )
        for request in requests
        if request.id in links
    )


def _later(
    words: Words, requests: Sequence[ConsentRequest], at: datetime, calendar: Calendar
) -> Command:
    """Puts off all that the message is about."""
    local = at.astimezone(calendar.zone)
    codes = ",".join(request.code for request in requests)
    said = f"later {codes} {local:%Y-%m-%dT%H:%M}"
    return Command(
        f"later:{local:%Y-%m-%dT%H:%M}",
        words("button.put_off", when=words.soon(at, calendar.zone)),
        said,
    )
