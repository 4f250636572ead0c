"""The plan in words: who would get what, when by their own clock, and why."""

from __future__ import annotations

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.campaign.channels.planned_posts import ChannelPost
from bot.domain.campaign.digests import Digest
from bot.domain.campaign.intents import Escalate, Intent, Reason, SendRound
from bot.domain.people.admins import ChatIdentity
from bot.message import Block, Group, Heading, Item, Message, Note, Text
from bot.services.campaign.planning import LONGEST, Plan, PlanEntry

SHOWN = 20


def plan(words: Words, found: Plan, days: int, said: str = "") -> Message:
    """The first SHOWN lines. `said`: what was not understood as a number of days."""
    title = heading(words, found, days)
    lines = found.lines
    blocks: list[Block] = [Heading(title)]
    if said:
        span = words("plan.span", count=days)
        blocks.append(
            Text(words("plan.not_days", said=phrases.quoted(said), most=LONGEST, span=span))
        )
    if lines:
        told = (line(words, found, one) for one in lines[:SHOWN])
        blocks.append(
            Group(tuple(Item(who, when, (f"{what} · {why}",)) for who, when, what, why in told))
        )
    if found.unasked:
        blocks.append(Text(words("plan.unasked", count=found.unasked)))
    if found.left:
        blocks.append(Text(words("plan.left", count=found.left)))
    if not lines:
        return Message(title, tuple(blocks))
    more = len(lines) - SHOWN
    if more > 0:
        blocks.append(Note(words("plan.more", count=more, days=days)))
    blocks.append(Note(words("plan.note")))
    return Message(title, tuple(blocks))


def heading(words: Words, found: Plan, days: int) -> str:
    """What stands above the lines; `days` 0 is this moment."""
    count = len(found.lines)
    if days:
        span = words("plan.span", count=days)
        return (
            words("plan.title", count=count, span=span) if count else words("plan.none", span=span)
        )
    return words("plan.now_title", count=count) if count else words("plan.now_none")


def line(words: Words, found: Plan, one: PlanEntry) -> tuple[str, str, str, str]:
    """Who, when, what and why of one line."""
    match one:
        case ChannelPost():
            return _post(words, found, one)
        case Digest():
            return _digest(words, found, one)
        case _:
            return _intent(words, found, one)


def _digest(words: Words, found: Plan, digest: Digest) -> tuple[str, str, str, str]:
    return (
        _operator(words, digest.to),
        words.moment(digest.at, found.policy.calendars.of_person(digest.to).zone),
        words("plan.what_digest"),
        _cadence(words, found, digest.notice.window)
        if digest.notice.window
        else words("plan.why_news"),
    )


def _operator(words: Words, chat: ChatIdentity) -> str:
    """With the platform: an operator of both is told on each. Settings know no name."""
    reached = words(f"reached.{chat.platform}")
    if not chat.display_name:
        return words("plan.operator", reached=reached)
    return words("plan.operator_named", name=chat.display_name, reached=reached)


def _post(words: Words, found: Plan, post: ChannelPost) -> tuple[str, str, str, str]:
    what = words(f"plan.what_{post.kind}")
    return (
        words("plan.channel", platform=words(f"platform.{post.to.platform}")),
        words.moment(post.at, found.policy.calendars.of("").zone),
        words("plan.what_of_org", what=what, org=post.org) if post.org else what,
        words(f"plan.why_{post.kind}"),
    )


def _intent(words: Words, found: Plan, intent: Intent) -> tuple[str, str, str, str]:
    calendar = found.policy.calendars.of_person(intent.to)
    who = _name(found, intent)
    return (
        who,
        words.moment(intent.at, calendar.zone),
        _what(words, found, intent),
        _why(words, found, intent),
    )


def _name(found: Plan, intent: Intent) -> str:
    ids = intent.notice.requests if isinstance(intent, SendRound) else (intent.request_id,)
    known = [found.requests[i].admin_name for i in ids if i in found.requests]
    return known[0] if known else intent.to.display_name or intent.to.user_id


def _what(words: Words, found: Plan, intent: Intent) -> str:
    match intent:
        case SendRound(notice=notice):
            apps = [found.requests[i].app_label for i in notice.requests if i in found.requests]
            if len(apps) == 1:
                return words("plan.what_app", app=apps[0])
            return words("plan.what_apps", count=len(apps))
        case Escalate(app_label=label, reason=Reason.NOT_SEEN):
            return words("plan.what_operators", app=label)
        case Escalate(app_label=label, reason=Reason.AGAIN):
            return words("plan.what_again", app=label)
        case Escalate(app_label=label):
            return words("plan.what_sideways", app=label)


def _why(words: Words, found: Plan, intent: Intent) -> str:
    if isinstance(intent, SendRound) and intent.reason is Reason.ROUND:
        return _cadence(words, found, intent.notice.window)
    return words(f"plan.why_{intent.reason.value}")


def _cadence(words: Words, found: Plan, window: str) -> str:
    every = next(w.every for w in found.policy.campaign.windows if w.name == window)
    return words("plan.why_round", window=words(f"plan.window_{window}"), count=every)
