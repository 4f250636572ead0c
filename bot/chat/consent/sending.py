"""What an operator is told when somebody is asked: who, and when the message goes out, and why."""

from __future__ import annotations

from datetime import datetime

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.campaign.planned_messages import Wait
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.snooze import zone_named
from bot.message import Block, Buttons, Command, Fact, Facts, Message, Note, Text
from bot.services.campaign.outreach import AlreadyAsked, PersonReached, Sent, SentAll, WouldReach

SHOWN = 10


def sent(words: Words, found: Sent, link_hours: int, now: datetime) -> Message:
    """One app was asked for."""
    asked, request = found.asked, found.asked.request
    key = "asked.held" if asked.before else "asked.title"
    title = words(key, name=request.admin_name, app=request.app_label)
    blocks: list[Block] = [
        Text(title),
        Text(when(words, found)),
        Facts(
            (
                Fact(words("fact.where"), words(f"platform.{request.chat.platform.value}")),
                Fact(words("fact.code"), request.code),
                Fact(words("fact.valid"), words.span(link_hours)),
            )
        ),
    ]
    if asked.replaced is not None:
        blocks.append(Text(words("asked.replaced", name=asked.replaced.admin_name)))
    if found.next_message is not None and found.next_message.why is not Wait.GATHER:
        local = now.astimezone(zone_named(request.chat.time_zone))
        blocks.append(Text(words("asked.now_confirm", time=f"{local:%H:%M}")))
    if found.next_message is not None:
        label = words("asked.button_now")
        blocks.append(Buttons((Command("now", label, f"send {request.app} now"),)))
    blocks.append(Note(words("asked.next")))
    return Message(title, tuple(blocks))


def holds(words: Words, found: AlreadyAsked, now: datetime) -> Message:
    """They have the message already: what another one would do, asked back."""
    request = found.request
    title = words("holds.title", name=request.admin_name, app=request.app_label)
    zone = zone_named(request.chat.time_zone)
    told = request.named[-1] if request.named else request.requested_at
    blocks: list[Block] = [
        Text(title),
        Text(
            words("holds.since", at=words.moment(told, zone), stage=phrases.stage(words, request))
        ),
    ]
    if found.next_message.at is not None:
        at = moment(words, request, found.next_message.at)
        blocks.append(Text(words("holds.next", at=at)))
    blocks += [
        Text(words("holds.again", time=f"{now.astimezone(zone):%H:%M}")),
        Buttons((Command("again", words("holds.button"), f"send {request.app} now sure"),)),
    ]
    return Message(title, tuple(blocks))


def when(words: Words, found: Sent) -> str:
    """When the message goes out, by the person's own clock, and why not at once."""
    if found.next_message is None:
        return words("asked.now")
    why = words(f"wait.{found.next_message.why.value}")
    if found.next_message.at is None:
        return words("asked.never", why=why)
    return words(
        "asked.when", at=moment(words, found.asked.request, found.next_message.at), why=why
    )


def moment(words: Words, request: ConsentRequest, at: datetime) -> str:
    """`at` by the clock of whoever is asked."""
    return words.moment(at, zone_named(request.chat.time_zone))


def sent_all(words: Words, found: SentAll) -> Message:
    """All that was open was asked for."""
    count = len(found.sent)
    left = found.held or found.nobody or found.unread or found.failed
    title = words("sendall.title", count=count)
    if not count:
        title = words("sendall.none" if left else "sendall.nothing")
    blocks: list[Block] = [Text(title)]
    if count:
        blocks.append(
            Facts(
                tuple(
                    Fact(one.asked.request.app_label, f"{one.asked.request.admin_name}")
                    for one in found.sent[:SHOWN]
                )
            )
        )
    if count > SHOWN:
        blocks.append(Note(words("sendall.more", count=count - SHOWN)))
    if found.held:
        blocks.append(Text(words("sendall.held", count=found.held)))
    if found.nobody:
        blocks.append(Text(words("sendall.nobody", count=found.nobody)))
    if found.unread:
        blocks.append(Text(words("sendall.unread", count=found.unread)))
    if found.failed:
        blocks.append(Text(words("sendall.failed", count=found.failed)))
    if count or found.held:
        blocks.append(Note(words("sendall.now" if found.now else "sendall.each")))
    return Message(title, tuple(blocks))


def disturbs(words: Words, found: WouldReach) -> Message:
    """What "now" would do, asked back."""
    count = len(found.people)
    title = words("disturbs.title", count=count)
    closed = (
        words("disturbs.closed", count=found.closed) if found.closed else words("disturbs.open")
    )
    return Message(
        title,
        (
            Text(title),
            Text(closed),
            Facts(tuple(_disturbed(words, one, found.at) for one in found.people[:SHOWN])),
            *((Note(words("sendall.more", count=count - SHOWN)),) if count > SHOWN else ()),
            Buttons(
                (
                    Command("sure", words("disturbs.yes"), "send all now sure"),
                    Command("later", words("disturbs.no"), "send all", primary=True),
                )
            ),
            Note(words("disturbs.otherwise")),
        ),
    )


def _disturbed(words: Words, one: PersonReached, at: datetime) -> Fact:
    """Somebody, the time where they are, and for how many apps."""
    local = at.astimezone(zone_named(one.chat.time_zone))
    return Fact(one.name, words("disturbs.who", time=f"{local:%H:%M}", count=one.apps))
