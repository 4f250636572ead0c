"""Who is asked and why them, as messages: `who APP`, its short form in `why APP`, and `noted`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from bot.chat import phrases
from bot.chat.people import app_items
from bot.chat.words import Words
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.campaign.windows import SMS_RETIREMENT
from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.gaps import AdminGap
from bot.domain.inventory.records import AppRecord
from bot.domain.people.choice import Choice, Nobody
from bot.domain.people.policy import AccountNote, AccountRule
from bot.domain.people.prospects import Prospect
from bot.domain.people.weighing import Candidate, Partner, Point
from bot.message import (
    Block,
    Buttons,
    Folded,
    Group,
    Heading,
    Item,
    Message,
    Note,
    Plain,
    Text,
)
from bot.services.people.accounts import Noted

SHOWN = 15
PARTNERS_SHOWN = 5


def who(
    words: Words,
    record: AppRecord,
    choice: Choice,
    now: datetime,
    request: ConsentRequest | None = None,
    next_messages: Mapping[str, NextMessage] = phrases.NO_NEXT_MESSAGES,
    *,
    in_full: bool = False,
) -> Message:
    """Who would be asked and why, the others in a line each; those who are ruled out on demand.

    `request` is the open one. `in_full`: with those who are ruled out.
    """
    chosen = choice.chosen
    title = words("who.title", app=record.app.label)
    blocks: list[Block] = [Heading(title)]
    if request is not None:
        blocks.append(_asked(words, request, now, next_messages))
    if chosen is None:
        blocks.append(Text(_nobody(words, record, choice)))
    else:
        blocks += _chosen(words, chosen, choice)
        if record.state(now).wants_consent and request is None and chosen.chat is not None:
            name, reached = chosen.admin.display_name, chosen.chat.platform
            ask = app_items.asking(words, record.app.ref, record.app.label, name, reached)
            blocks.append(Buttons((replace(ask, id="send", primary=True),)))
    following = [one for one in choice.candidates if one.eligible and one is not chosen]
    if following:
        lines = tuple(_line(words, _account(words, one), one) for one in following[:SHOWN])
        blocks.append(Group(lines, words("who.next")))
    out: list[Plain] = list(_ruled_out(words, choice))
    if out and (in_full or chosen is None):
        blocks += out
    elif out:
        count = sum(not one.eligible for one in choice.candidates)
        label = words("who.out_button", count=count) if count else words("who.others")
        blocks.append(Folded(label, f"who {record.app.ref} in full", tuple(out)))
    blocks += [Note(_gap(words, gap)) for gap in choice.gaps]
    blocks += [Note(said(words, note)) for note in choice.notes]
    return Message(title, tuple(blocks))


def _ruled_out(words: Words, choice: Choice) -> Iterator[Group]:
    """Those who cannot be asked and why not, and the Okta admins who could sit beside."""
    out = [one for one in choice.candidates if not one.eligible]
    if out:
        lines = (_line(words, _account(words, one), one, ruled_out=True) for one in out[:SHOWN])
        yield Group(tuple(lines), words("who.out"))
    if choice.partners:
        yield Group(
            tuple(
                _line(words, one.admin.display_name, one, beside=one.admin.email)
                for one in choice.partners[:PARTNERS_SHOWN]
            ),
            words("who.others"),
        )


def _line(
    words: Words,
    name: str,
    one: Candidate | Partner,
    *,
    beside: str = "",
    ruled_out: bool = False,
) -> Item:
    """Somebody, and what speaks for them and against; of who is ruled out, only the latter."""
    said = phrases.point_texts(words, one.con) if ruled_out else _weighed(words, one)
    return Item(name, beside, (said,) if said else ())


def _weighed(words: Words, one: Candidate | Partner) -> str:
    """What speaks for somebody, and against."""
    pro, con = phrases.point_texts(words, one.pro), phrases.point_texts(words, one.con)
    if pro and con:
        return words("phrase.comma").join((pro, words("who.but", reasons=con)))
    return pro or con


def _asked(
    words: Words, request: ConsentRequest, now: datetime, next_messages: Mapping[str, NextMessage]
) -> Text:
    return Text(
        words(
            "why.asked",
            name=request.admin_name,
            reached=words(f"reached.{request.chat.platform}"),
            age=words.ago(request.requested_at, now),
            stage=phrases.stage(words, request, next_messages),
        )
    )


def _nobody(words: Words, record: AppRecord, choice: Choice) -> str:
    match choice.nobody:
        case Nobody.NO_TENANT:
            return words("who.no_tenant", domain=record.app.tenant_name)
        case Nobody.UNREADABLE:
            return words("who.unreadable")
        case Nobody.NONE_KNOWN:
            return words("who.nobody_known")
        case _:
            return words("who.nobody_reachable")


def _chosen(words: Words, chosen: Candidate, choice: Choice) -> list[Block]:
    assert chosen.chat is not None  # else nobody is chosen
    reached = words(f"reached.{chosen.chat.platform}")
    blocks: list[Block] = [Text(words("who.chosen", name=_account(words, chosen), reached=reached))]
    # That the person is no Okta admin has a sentence of its own.
    con = tuple(point for point in chosen.con if point is not Point.NOT_OKTA_ADMIN)
    if reasons := _weighed(words, replace(chosen, con=con)):
        blocks.append(Text(words("who.because", reasons=reasons)))
    if choice.partner is not None:
        partner = choice.partner
        reasons = phrases.point_texts(words, (*partner.pro, *partner.con))
        name = partner.admin.display_name
        blocks.append(Text(words("who.partner", name=name, reasons=reasons)))
    elif not chosen.is_okta_admin:
        blocks.append(Text(words("who.two_roles")))
    if Point.ELIGIBLE_ROLE in chosen.con:
        blocks.append(Text(words("who.eligible")))
    if Point.PHONE_ONLY in chosen.con:
        blocks.append(Text(words("who.phone_only", date=words.date(SMS_RETIREMENT.on))))
    return blocks


def _account(words: Words, candidate: Candidate) -> str:
    person = phrases.person(candidate)
    if not candidate.owner:
        return person
    return words("who.owned", person=person, owner=candidate.owner)


def _gap(words: Words, gap: AdminGap) -> str:
    says = phrases.failure_text(words, gap.code, gap.says)
    return words(f"gap.{gap.kind.value}", call=gap.call, missing=gap.missing, says=says)


def said(words: Words, note: AccountNote) -> str:
    """Who said what of an account, and when."""
    date = words.date(note.at.date())
    match note.said:
        case AccountRule.OWNER if note.owner:
            return words(
                "who.said_owner", by=note.by, date=date, account=note.account, owner=note.owner
            )
        case AccountRule.OWNER:
            return words("who.said_nobodys", by=note.by, date=date, account=note.account)
        case AccountRule.DENIED:
            return words("who.said_denied", by=note.by, date=date, account=note.account)
        case AccountRule.ALLOWED:
            return words("who.said_allowed", by=note.by, date=date, account=note.account)


def in_short(
    words: Words,
    record: AppRecord,
    request: ConsentRequest | None,
    prospect: Prospect | None,
    now: datetime,
    *,
    in_chat: bool = True,
) -> Text | None:
    """Who is asked, or would be, in one sentence; None when the app needs nobody."""
    if request is not None:
        return _asked(words, request, now, phrases.NO_NEXT_MESSAGES)
    if not record.state(now).wants_consent:
        return None
    if prospect is None:
        unknown = words("why.people_unknown")
        return Text(f"{unknown} {words('hint.who')}" if in_chat else unknown)
    if prospect.platform is None:
        why = words(f"nobody.{(prospect.nobody or Nobody.ALL_RULED_OUT).value}")
        return Text(words("why.nobody", why=why))
    name, reached = prospect.admin_name, words(f"reached.{prospect.platform}")
    if not prospect.partner_name:
        return Text(words("why.would_ask", name=name, reached=reached))
    partner = prospect.partner_name
    return Text(words("why.would_ask_with", name=name, reached=reached, partner=partner))


def noted(words: Words, done: Noted) -> Message:
    """What was said of an account is kept, and whom it is about."""
    note = done.note
    match note.said:
        case AccountRule.OWNER if note.owner:
            title = words("noted.owner", account=note.account, owner=note.owner)
        case AccountRule.OWNER:
            title = words("noted.nobodys", account=note.account)
        case AccountRule.DENIED:
            title = words("noted.denied", account=note.account)
        case AccountRule.ALLOWED:
            title = words("noted.allowed", account=note.account)
    blocks: list[Block] = [Text(title)]
    if done.known:
        names = words("phrase.comma").join(done.known)
        blocks.append(Note(words("noted.known", names=names)))
        blocks.append(Note(words("noted.affected", count=len(done.affected))))
    else:
        blocks.append(Note(words("noted.unknown")))
    return Message(title, tuple(blocks))
