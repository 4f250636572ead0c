"""What is answered to the person who was asked, and about codes and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bot.chat import phrases
from bot.chat.forms import Forms
from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.snooze import SnoozeMoved, zone_named
from bot.domain.evidence.observations import ANSWERS, Observation
from bot.message import Block, Buttons, Command, Fact, Facts, Message, Note, OpenLink, Text
from bot.services.consent.onboard import Invitation


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A request that was put off, and how many were to that moment.

    `moved` is why it is another one than was wanted, `deadline` what it had to come before.
    """

    request: ConsentRequest
    moved: SnoozeMoved | None
    deadline: date
    count: int = 1


class PersonalReplies:
    """Writes these results out in one language."""

    def __init__(self, words: Words) -> None:
        self._words = self.words = words

    def verified(self, request: ConsentRequest) -> Message:
        """The message with this code is real: who had it sent, when, to whom, for what."""
        words = self._words
        title = words("verify.title", code=request.code)
        stage = words(f"stage.{request.stage.value}")
        asked = words.moment(request.requested_at, zone_named(request.chat.time_zone))
        return Message(
            title,
            (
                Text(title),
                Facts(
                    (
                        Fact(words("fact.for"), f"{request.admin_name} ({request.admin_upn})"),
                        Fact(words("fact.app"), request.app_label),
                        Fact(words("fact.org"), request.app.org),
                        Fact(words("fact.tenant"), request.tenant_domain),
                        Fact(words("fact.requested_by"), request.requested_by),
                        Fact(words("fact.asked_at"), words("verify.asked_on", at=asked)),
                        Fact(words("fact.stage"), stage),
                    )
                ),
                Note(words("verify.note")),
            ),
        )

    def taken_on(self, request: ConsentRequest, way_on: str) -> Message:
        """ "It's me" was pressed. `way_on` opens the steps, once; "" where others would see it."""
        words = self._words
        text = words("me.text", app=request.app_label)
        if not way_on:
            aside = words("me.aside", words=f"me {request.code}")
            return Message(text, (Text(text), Note(aside)))
        button = OpenLink("steps", words("button.steps"), way_on, primary=True)
        return Message(text, (Text(text), Buttons((button,)), Note(words("me.once"))))

    def checking(self, request: ConsentRequest) -> Message:
        """Said to be done: it is looked at; and what else was there?"""
        words = self._words
        text = words("saved.looking", app=request.app_label)
        more = Command("sights", words("observation.ask"), f"saw {request.code}")
        return Message(text, (Text(text), Buttons((more,))))

    def observations(self, request: ConsentRequest) -> Message:
        """What the person can see besides the button, each to be answered by yes or no."""
        words = self._words
        text = words("observation.text", app=request.app_label)
        blocks: list[Block] = [Text(text)]
        for observation in Observation:
            blocks.append(Text(words(f"observation.{observation.value}")))
            answers = (
                Command(
                    f"{observation.value}:{answer}",
                    words(f"observation.{answer}"),
                    f"saw {request.code} {observation.value} {answer}",
                )
                for answer in ANSWERS
            )
            blocks.append(Buttons(tuple(answers)))
        return Message(text, tuple(blocks))

    def seen(self, request: ConsentRequest) -> Message:
        """It is noted."""
        return phrases.plain(self._words("observation.noted", app=request.app_label))

    def not_me_sure(self, request: ConsentRequest, suggestion: str = "") -> Message:
        """Is it really somebody else? With the way to say who; `suggestion` was named already."""
        words, code = self._words, request.code
        text = words("notme.sure", app=request.app_label, words=f"notme {code}")
        said = f"notme {code} sure {suggestion}".rstrip()
        yes = Command("sure", words("button.not_me_sure"), said)
        form = Forms(words).not_me(code, suggestion)
        return Message(text, (Text(text), Buttons((yes,))), form=form)

    def not_me(self, request: ConsentRequest) -> Message:
        """Somebody else will be asked."""
        return phrases.plain(self._words("notme.text", app=request.app_label))

    def later_when(
        self,
        request: ConsentRequest,
        offered: Sequence[datetime],
        zone: tzinfo,
        said: str = "",
        which: str = "",
        count: int = 1,
    ) -> Message:
        """When? A few choices (UTC), and how to say another. `said` was not understood.

        `which` says it of the request and others, `count` in all.
        """
        words, code = self._words, which or request.code
        key = "later.when_all" if count > 1 else "later.when"
        text = words(key, app=request.app_label, count=count, words=f"later {code}")
        if said:
            text = f"{words('later.unclear', said=phrases.quoted(said))} {text}"
        buttons = tuple(
            Command(
                f"later{number}",
                words("later.choice", at=words.moment(at, zone)),
                f"later {code} {at.astimezone(zone):%Y-%m-%d %H:%M}",
            )
            for number, at in enumerate(offered)
        )
        blocks = (Text(text), *((Buttons(buttons),) if buttons else ()))
        return Message(text, blocks, form=Forms(words).later(code))

    def later(self, put_off: Sequence[Snoozed]) -> Message:
        """Put off, each to its moment; to another one than was wanted: why."""
        several = sum(one.count for one in put_off) > 1
        texts = [self._later(one, "later.text_all" if several else "later.text") for one in put_off]
        return Message(texts[0], tuple(map(Text, texts)))

    def _later(self, one: Snoozed, key: str) -> str:
        words, snooze = self._words, one.request.snooze
        assert snooze is not None  # that is what the step was
        at = words.moment(snooze.until, zone_named(snooze.zone))
        text = words(key, at=at, count=one.count)
        if one.moved is None:
            return text
        return f"{words(f'later.moved_{one.moved.value}', date=words.date(one.deadline))} {text}"

    def invited(self, invitation: Invitation, link_hours: int) -> Message:
        """The link by which a tenant lets the bot read it; or that it does already."""
        words, tenant = self._words, invitation.tenant_domain
        if not invitation.link:
            return phrases.plain(words("onboard.already", tenant=tenant))
        text = words("onboard.text", tenant=tenant)
        return Message(
            text,
            (
                Text(text),
                Text(invitation.link),
                Note(words("onboard.note", span=words.span(link_hours))),
            ),
        )

    def onboard_aside(self, domain: str) -> Message:
        """A link to let the bot in is not for everybody who reads along."""
        return phrases.plain(
            self._words("onboard.aside", words=f"onboard {phrases.quoted(domain)}")
        )

    def needs_code(self, verb: str) -> Message:
        """A command that needs a code."""
        return phrases.plain(self._words("unclear.needs_code", verb=verb))

    def needs_domain(self) -> Message:
        """`onboard` needs a domain."""
        return phrases.plain(self._words("unclear.needs_domain"), Forms(self._words).domain())

    def no_microsoft(self) -> Message:
        """Nothing of Microsoft is configured."""
        return phrases.plain(self._words("onboard.no_microsoft"))
