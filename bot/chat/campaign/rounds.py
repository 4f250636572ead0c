"""A personal reminder: everything that waits for one person, in one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.typed.grammar.coded import everything
from bot.chat.words import Words
from bot.domain.campaign.intents import Policy
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.consent.snooze import snooze_choices
from bot.domain.delivery.notices import PersonalRound
from bot.domain.people.admins import Platform
from bot.domain.time.calendar import Calendar
from bot.message import (
    Block,
    Button,
    Buttons,
    Command,
    Group,
    Heading,
    Item,
    Menu,
    Message,
    Note,
    OpenLink,
    Text,
)

_APP = {
    Stage.REQUESTED: "round.app_requested",
    Stage.DELIVERED: "round.app",
    Stage.ACKNOWLEDGED: "round.app_acknowledged",
    Stage.SAVED: "round.app_saved",
}
# "It's me" for what nobody took on yet, and the steps for what was taken on.
_IN_CHAT = {
    Stage.REQUESTED: "button.me_short",
    Stage.DELIVERED: "button.me_short",
    Stage.ACKNOWLEDGED: "button.steps",
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
    chat_is_proof: bool = False,
) -> Message:
    """The message. `requests` are those that it names, `also` those that it only links to.

    `can_wait`: whether it can be answered from here. `chat_is_proof`: "It's me" in chat is enough.
    """
    by_mail = notice.to.platform is Platform.MAIL
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
        Group(
            tuple(
                _item(
                    words,
                    one,
                    links,
                    by_mail=by_mail,
                    can_wait=can_wait,
                    chat_is_proof=chat_is_proof,
                )
                for one in requests
            ),
        ),
    ]
    if by_mail:
        blocks += [Buttons(ways) for one in requests if (ways := _by_page(words, one, links))]
    if notice.more:
        blocks.append(Text(words("reminder.more", count=notice.more)))
    if more := _opens(words, also, links):
        blocks += [Note(words("round.also")), Buttons(more)]
    choices = snooze_choices(now, on, calendar)
    if choices and can_wait and not by_mail:
        which = everything(now) if notice.more or len(requests) > 1 else first.code
        later = (_later(words, which, at, calendar) for at in choices)
        blocks.append(Buttons((Menu("later", words("button.put_off_until"), tuple(later)),)))
    blocks.append(Note(words(f"reason.{notice.reason}", name=first.requested_by)))
    blocks.append(Note(words("round.stop_mail" if by_mail else "round.stop")))
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


def _by_page(
    words: Words, request: ConsentRequest, links: Mapping[str, str]
) -> tuple[OpenLink | Command, ...]:
    """What a mail has in place of buttons: the app's own link, and where it leads for the rest."""
    code, app = request.code, request.app_label
    return tuple(
        way
        for opened in _opens(words, (request,), links)
        for way in (
            replace(opened, primary=True),
            Command(
                f"later:{request.id}",
                words("button.later_for", app=app),
                f"later {code}",
                page=f"{opened.url}#later",
            ),
            Command(
                f"notme:{request.id}",
                words("button.not_me_for", app=app),
                f"notme {code}",
                page=f"{opened.url}#not-me",
            ),
        )
    )


def _item(
    words: Words,
    request: ConsentRequest,
    links: Mapping[str, str],
    *,
    by_mail: bool,
    can_wait: bool,
    chat_is_proof: bool,
) -> Item:
    """One app: its tenant and code, and what can be done about it where buttons are."""
    said = words(_APP[request.stage], tenant=request.tenant_domain, code=request.code)
    if by_mail:
        return Item(request.app_label, "", (said,))
    code = request.code
    ways: list[Button] = []
    if chat_is_proof and (label := _IN_CHAT.get(request.stage)):
        ways.append(Command(f"me:{request.id}", words(label), f"me {code}"))
    if request.id in links:
        ways.append(OpenLink(f"open:{request.id}", words("button.my_link"), links[request.id]))
    if can_wait:
        ways.append(Command(f"notme:{request.id}", words("button.not_me"), f"notme {code}"))
        ways.append(Command(f"verify:{request.id}", words("button.verify"), f"verify {code}"))
    return Item(request.app_label, "", (said,), ways[0] if ways else None, tuple(ways[1:]))


def _later(words: Words, which: str, at: datetime, calendar: Calendar) -> Command:
    """Puts off all that the message is about."""
    local = at.astimezone(calendar.zone)
    said = f"later {which} {local:%Y-%m-%dT%H:%M}"
    return Command(
        f"later:{local:%Y-%m-%dT%H:%M}",
        words("button.put_off", when=words.soon(at, calendar.zone)),
        said,
    )
