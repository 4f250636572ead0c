"""What the settings say, as the policies that the domain decides by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.delivery.limits import Call, Quotas, Window
from bot.domain.delivery.notices import Channel
from bot.domain.normalization import cleaned, exact, normalized
from bot.domain.people.access import AccessPolicy, Group, GroupKind
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.policy import PeoplePolicy
from bot.settings.settings import Settings


def people_policy(settings: Settings) -> PeoplePolicy:
    """Who is never asked, and who is behind which account."""
    people = settings.people
    return PeoplePolicy(
        denied=frozenset(map(normalized, people.denied)),
        not_break_glass=frozenset(map(normalized, people.not_break_glass)),
        owners={
            normalized(account): exact(cleaned(owner)) for account, owner in people.owners.items()
        },
        chats={normalized(account): Platform(where) for account, where in people.chats.items()},
        first_chat=Platform(people.first_chat),
    )


def channels(settings: Settings) -> tuple[Channel, ...]:
    """The channels that follow the migration."""
    found = []
    if settings.slack and settings.slack.channel:
        found.append(Channel(Platform.SLACK, settings.slack.channel))
    if settings.teams and settings.teams.channel:
        found.append(Channel(Platform.TEAMS, settings.teams.channel))
    return tuple(found)


def boards(settings: Settings) -> BoardPolicy:
    """Which boards are kept in these channels."""
    campaign = settings.campaign
    return BoardPolicy(
        channels(settings),
        tuple(org.name for org in settings.okta) if campaign.boards == "per_org" else ("",),
        timedelta(days=campaign.board_days),
    )


def operator_accounts(settings: Settings) -> tuple[ChatIdentity, ...]:
    """Who may ask and send, and whom the bot itself turns to."""
    slack = settings.slack.operators if settings.slack else ()
    teams = settings.teams.operators if settings.teams else ()
    return tuple(ChatIdentity(Platform.SLACK, one) for one in slack) + tuple(
        ChatIdentity(Platform.TEAMS, one) for one in teams
    )


def access_policy(settings: Settings) -> AccessPolicy:
    """Who may command the bot, and who may read."""
    slack, teams = settings.slack, settings.teams
    operating: list[Group] = []
    viewing: list[Group] = []
    if slack is not None:
        user_groups = (Group(_SLACK, GroupKind.USER_GROUP, one) for one in slack.operator_groups)
        operating += [*user_groups, *_channels(_SLACK, slack.operator_channels)]
        viewing += _channels(_SLACK, slack.viewer_channels)
    if teams is not None:
        entra = (Group(_TEAMS, GroupKind.ENTRA_GROUP, one) for one in teams.operator_groups)
        operating += [*entra, *_channels(_TEAMS, teams.operator_channels)]
        viewing += _channels(_TEAMS, teams.viewer_channels)
    return AccessPolicy(operator_accounts(settings), tuple(operating), tuple(viewing))


_SLACK, _TEAMS = Platform.SLACK, Platform.TEAMS


def _channels(platform: Platform, ids: Iterable[str]) -> list[Group]:
    return [Group(platform, GroupKind.CHANNEL, one) for one in ids]


def readers(settings: Settings) -> frozenset[str]:
    """Object ids of those who may read the operators' page, whoever operates in Teams apart."""
    page = settings.operators_page
    return frozenset(page.operators) if page is not None else frozenset()


def readers_tenant(settings: Settings) -> str:
    """The id of the tenant in which operators sign in; "" without their page."""
    page, teams = settings.operators_page, settings.teams
    if page is None:
        return ""
    return page.tenant_id or (teams.tenant_id if teams else "")


def is_of_teams(settings: Settings, tenant_id: str) -> bool:
    """Whether this is the tenant that the bot in Teams belongs to."""
    return settings.teams is not None and settings.teams.tenant_id == tenant_id


def quotas(settings: Settings) -> Quotas:
    """How much each chat platform takes in a time."""
    limits, minute = settings.limits, timedelta(minutes=1)
    return Quotas(
        slack={
            Call.SEND: Window(limits.slack_messages_per_minute, minute),
            Call.CHANGE: Window(limits.slack_changes_per_minute, minute),
            Call.SEARCH: Window(limits.slack_lookups_per_minute, minute),
        },
        teams=Window(limits.teams_calls_per_second, timedelta(seconds=1)),
        mail=Window(limits.mails_per_minute, minute),
    )
