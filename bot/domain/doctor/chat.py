"""Slack, Teams and mail: signing in, scopes, the channel, the operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.doctor.finding import Failure, Found, Grade, check, ends
from bot.domain.doctor.seen import Account, Channel, MailSeen, SlackSeen, TeamsSeen

VITAL_SCOPES = frozenset({"chat:write", "commands"})
"""Without these the app says nothing, or is not asked."""


@check("slack_sign_in", SlackSeen, signed_in=Grade.GOOD, refused=Grade.BROKEN)
def slack_sign_in(seen: SlackSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        yield Found("refused", failure=seen.sign_in)
    else:
        yield Found("signed_in", {"team": seen.team})


@check(
    "slack_scope",
    SlackSeen,
    granted=Grade.GOOD,
    missing=Grade.ATTENTION,
    missing_vital=Grade.BROKEN,
    more=Grade.ATTENTION,
    untold=Grade.NOT_TESTABLE,
)
def slack_scopes(seen: SlackSeen, now: datetime) -> Iterator[Found]:
    if seen.scopes is None:
        yield Found("untold")
        return
    for scope in seen.wanted:
        missing = "missing_vital" if scope in VITAL_SCOPES else "missing"
        yield Found("granted" if scope in seen.scopes else missing, {"scope": scope})
    for scope in sorted(seen.scopes - {*seen.wanted}):
        yield Found("more", {"scope": scope})


@check("slack_workspace", SlackSeen, right=Grade.GOOD, other=Grade.BROKEN)
def workspace(seen: SlackSeen, now: datetime) -> Iterator[Found]:
    """No id of the settings is known where the token is from: ids are never the same in two."""
    known = [one is not Account.ABSENT for one in seen.operators.values()]
    known += [seen.channel_is is not Channel.UNSEEN] * bool(seen.channel)
    if seen.sign_in is None and len(known) > 1:
        yield Found("right" if any(known) else "other", {"team": seen.team})


@check("slack_secret", SlackSeen, set=Grade.NOT_TESTABLE)
def slack_secret(seen: SlackSeen, now: datetime) -> Iterator[Found]:
    if not seen.by_socket:
        yield Found("set")


@check("slack_socket", SlackSeen, opened=Grade.GOOD, refused=Grade.BROKEN, other=Grade.BROKEN)
def slack_socket(seen: SlackSeen, now: datetime) -> Iterator[Found]:
    """It opens for any app's token, and brings what is said to that app."""
    if not seen.by_socket or seen.sign_in is not None:
        return
    if seen.socket is not None:
        yield Found("refused", failure=seen.socket)
    elif seen.app and seen.socket_app and seen.app != seen.socket_app:
        yield Found("other", {"app": seen.app, "other": seen.socket_app})
    else:
        yield Found("opened")


@check("teams_sign_in", TeamsSeen, signed_in=Grade.GOOD, refused=Grade.BROKEN)
def teams_sign_in(seen: TeamsSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        yield Found("refused", failure=seen.sign_in)
    else:
        yield Found("signed_in")


@check("teams_keys", TeamsSeen, read=Grade.GOOD, unread=Grade.BROKEN)
def teams_keys(seen: TeamsSeen, now: datetime) -> Iterator[Found]:
    yield Found("read" if seen.keys is None else "unread", failure=seen.keys)


@check("teams_endpoint", TeamsSeen, set=Grade.NOT_TESTABLE)
def teams_endpoint(seen: TeamsSeen, now: datetime) -> Iterator[Found]:
    yield Found("set")


@check("teams_install", TeamsSeen, may=Grade.GOOD, refused=Grade.BROKEN)
def installing(seen: TeamsSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is None and seen.installs is not None:
        yield from (Found("refused", failure=failure) for failure in seen.installs)
        if not seen.installs:
            yield Found("may")


@check(
    "chat_channel",
    SlackSeen,
    TeamsSeen,
    inside=Grade.GOOD,
    unset=Grade.GOOD,
    outside=Grade.BROKEN,
    archived=Grade.BROKEN,
    unseen=Grade.BROKEN,
    refused=Grade.BROKEN,
)
def channel(seen: SlackSeen | TeamsSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        return
    if not seen.channel:
        yield Found("unset")
    elif isinstance(seen.channel_is, Failure):
        yield Found("refused", {"channel": seen.channel}, seen.channel_is)
    else:
        yield Found(seen.channel_is.value, {"channel": seen.channel})


@check(
    "chat_operator",
    SlackSeen,
    TeamsSeen,
    there=Grade.GOOD,
    unfit=Grade.BROKEN,
    absent=Grade.BROKEN,
    untold=Grade.NOT_TESTABLE,
)
def operators(seen: SlackSeen | TeamsSeen, now: datetime) -> Iterator[Found]:
    for account, found in seen.operators.items():
        if isinstance(found, Failure):
            yield Found("untold", {"account": account}, found)
        else:
            yield Found(found.value, {"account": account})


@check("chat_group", SlackSeen, TeamsSeen, read=Grade.GOOD, unread=Grade.BROKEN)
def groups(seen: SlackSeen | TeamsSeen, now: datetime) -> Iterator[Found]:
    for group, found in seen.groups.items():
        if isinstance(found, Failure):
            yield Found("unread", {"group": group}, found)
        else:
            yield Found("read", {"group": group, "count": found})


@check("mail_sign_in", MailSeen, accepted=Grade.GOOD, refused=Grade.BROKEN)
def mail_sign_in(seen: MailSeen, now: datetime) -> Iterator[Found]:
    outcome = "accepted" if seen.sign_in is None else "refused"
    yield Found(outcome, {"host": seen.host}, seen.sign_in)


@check("mail_certificate", MailSeen, long=Grade.GOOD, soon=Grade.ATTENTION, over=Grade.BROKEN)
def mail_certificate(seen: MailSeen, now: datetime) -> Iterator[Found]:
    if seen.certificate_ends is not None:
        yield ends(seen.host, seen.certificate_ends, now)


@check("mail_bounces", MailSeen, opened=Grade.GOOD, refused=Grade.ATTENTION)
def bounces(seen: MailSeen, now: datetime) -> Iterator[Found]:
    if seen.has_bounces:
        yield Found("opened" if seen.bounces is None else "refused", failure=seen.bounces)
