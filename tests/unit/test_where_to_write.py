"""On which platform somebody is written to who is on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from bot.domain.people.admins import ChatIdentity, Platform, preferred
from bot.domain.people.policy import PeoplePolicy
from bot.errors import ScopeMissing
from bot.services.people.chat_accounts import ChatAccounts
from bot.settings.sections.people import PeopleSettings
from tests.examples import ADA, NOW
from tests.fakes import FakeMessenger

SLACK = ChatIdentity(Platform.SLACK, "U1", "Ada", "ada@contoso.com")
TEAMS = ChatIdentity(Platform.TEAMS, "ada", "Ada", "ada@contoso.com")
MAIL = ChatIdentity(Platform.MAIL, "ada@contoso.com", "Ada", "ada@contoso.com")
DAY = timedelta(days=1)


class Seen:
    """The Presence port in memory."""

    def __init__(self, **seen: datetime) -> None:
        self.at = {str(one): seen[one.platform] for one in (SLACK, TEAMS) if one.platform in seen}

    async def seen(self, account: ChatIdentity, at: datetime) -> None:
        self.at[str(account)] = at

    async def last_seen(self, accounts: Sequence[ChatIdentity]) -> Mapping[str, datetime]:
        return {str(one): self.at[str(one)] for one in accounts if str(one) in self.at}


@pytest.mark.parametrize(
    ("seen", "first", "wanted", "best"),
    [
        ({}, Platform.SLACK, None, SLACK),
        ({}, Platform.TEAMS, None, TEAMS),
        ({TEAMS: NOW}, Platform.SLACK, None, TEAMS),
        ({TEAMS: NOW, SLACK: NOW - DAY}, Platform.SLACK, None, TEAMS),
        ({TEAMS: NOW - DAY, SLACK: NOW}, Platform.TEAMS, None, SLACK),
        ({SLACK: NOW}, Platform.SLACK, Platform.TEAMS, TEAMS),
        ({SLACK: NOW}, Platform.SLACK, Platform.MAIL, MAIL),
        ({MAIL: NOW}, Platform.TEAMS, None, TEAMS),
    ],
)
def test_the_best_account_comes_first_in_whichever_order_they_are_found(
    seen: Mapping[ChatIdentity, datetime],
    first: Platform,
    wanted: Platform | None,
    best: ChatIdentity,
) -> None:
    """What the settings say, then a chat before mail, where they spoke last, the usual order."""
    told = {str(one): at for one, at in seen.items()}
    for found in permutations((SLACK, TEAMS, MAIL)):
        assert preferred(found, wanted=wanted, first=first, seen=told)[0] is best


async def _found(policy: PeoplePolicy, presence: Seen | None) -> Platform:
    messengers = {Platform.SLACK: FakeMessenger(SLACK), Platform.TEAMS: FakeMessenger(TEAMS)}
    found = await ChatAccounts(messengers, policy, presence).admins((ADA,))
    return found[ADA.object_id][0].platform


async def test_a_person_on_both_is_written_to_where_they_spoke_last() -> None:
    """Slack does not always win."""
    assert await _found(PeoplePolicy(), None) is Platform.SLACK
    assert await _found(PeoplePolicy(), Seen()) is Platform.SLACK
    assert await _found(PeoplePolicy(), Seen(teams=NOW, slack=NOW - DAY)) is Platform.TEAMS
    assert await _found(PeoplePolicy(), Seen(teams=NOW, slack=NOW + DAY)) is Platform.SLACK
    assert await _found(PeoplePolicy(first_chat=Platform.TEAMS), Seen()) is Platform.TEAMS


@pytest.mark.parametrize("name", ["ada", "ada@contoso.com"])
async def test_what_the_settings_say_of_a_person_goes_before(name: str) -> None:
    """By object id or address."""
    policy = PeoplePolicy(chats={name: Platform.TEAMS})
    assert await _found(policy, Seen(slack=NOW)) is Platform.TEAMS


async def test_the_person_behind_an_account_is_written_to_where_they_are() -> None:
    """The settings may name them by their own address."""
    owner = "ada.private@contoso.com"
    slack, teams = (replace(one, email=owner) for one in (SLACK, TEAMS))
    messengers = {Platform.SLACK: FakeMessenger(slack), Platform.TEAMS: FakeMessenger(teams)}
    policy = PeoplePolicy(owners={"ada": owner}, chats={owner: Platform.TEAMS})
    found = await ChatAccounts(messengers, policy, Seen(slack=NOW)).admins((ADA,))
    assert found[ADA.object_id][0].platform is Platform.TEAMS


async def test_where_the_app_may_not_look_people_up_the_others_are_asked_all_the_same() -> None:
    """Such as without `users:read.email`; alone, that is the error, and not "there is nobody"."""
    messengers = {Platform.SLACK: FakeMessenger(SLACK), Platform.TEAMS: FakeMessenger(TEAMS)}
    messengers[Platform.SLACK].hidden = ScopeMissing("Slack refused: a scope is missing.")
    found = await ChatAccounts(messengers, PeoplePolicy()).admins((ADA,))
    assert [one.platform for one in found[ADA.object_id]] == [Platform.TEAMS]
    messengers[Platform.TEAMS].people = ()
    with pytest.raises(ScopeMissing):
        await ChatAccounts(messengers, PeoplePolicy()).admins((ADA,))


def test_the_settings_name_platforms_and_nothing_else() -> None:
    """A slip is refused at the start."""
    said = PeopleSettings.model_validate({"chats": {"ada@contoso.com": "teams"}})
    assert said.chats == {"ada@contoso.com": "teams"}
    for wrong in ({"chats": {"ada@contoso.com": "irc"}}, {"first_chat": "mail"}):
        with pytest.raises(ValueError, match="should be"):
            PeopleSettings.model_validate(wrong)
