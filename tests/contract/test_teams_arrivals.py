"""Who has the app from now on, who had it before anybody told, and whom a request leaves out."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from adapters.teams.outgoing.messenger import ABSENT_FOR
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatUnreachable, PersonUnreachable
from sandbox.chatlog import Conversation
from tests.contract.pretend_teams import ADA, ADA_IS, APP, CHANNEL, PERSONAL, TENANT
from tests.contract.teams_world import Json, TeamsBorder
from tests.contract.test_teams_messages_out import ADA_IN_TEAMS, HELLO
from tests.waiting import wait_until

NOT_IN_TEAM = JSONResponse({"error": {"code": "BotNotInConversationRoster"}}, 403)


def _added(teams: TeamsBorder) -> Json:
    """The other way in which Teams tells of the same installation."""
    return teams.activity("conversationUpdate", membersAdded=[{"id": f"28:{APP}"}])


# ------------------------------------------------------------------ installed without a word


async def test_somebody_who_has_the_app_since_before_is_found_and_written_to(
    teams: TeamsBorder,
) -> None:
    """By policy, or before the bot ran: Teams opens the conversation by the Entra object id."""
    assert await teams.messenger.find_person((), ADA.upper(), TENANT) == (
        ChatIdentity(Platform.TEAMS, ADA),
    )
    (opened,) = teams.microsoft.opened
    assert opened == {
        "isGroup": False,
        "bot": {"id": f"28:{APP}"},
        "members": [{"id": ADA}],
        "tenantId": TENANT,
        "channelData": {"tenant": {"id": TENANT}},
    }
    sent = await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert sent.message_id == f"{PERSONAL}|1001"
    assert len(teams.microsoft.opened) == 1


async def test_a_lost_conversation_is_opened_again_where_it_is_needed(teams: TeamsBorder) -> None:
    """The store forgot it; the message comes all the same."""
    await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "1")
    await teams.conversations.forget(PERSONAL)
    await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "2")
    assert [call.path for call in teams.microsoft.calls] == [
        f"/emea/v3/conversations/{PERSONAL}/activities"
    ] * 2


async def test_somebody_without_the_app_is_not_asked_for_again_and_again(
    teams: TeamsBorder,
) -> None:
    """For some minutes; an installation is told, and counts at once."""
    teams.microsoft.installed.clear()
    for _ in range(3):
        assert await teams.messenger.find_person((), ADA, TENANT) == ()
        with pytest.raises(PersonUnreachable, match="has not installed the app"):
            await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert len(teams.microsoft.opened) == 1
    await teams.post(teams.installed())
    assert await teams.messenger.find_person((), ADA, TENANT)
    await teams.conversations.forget(PERSONAL)
    teams.clock.now += ABSENT_FOR
    teams.microsoft.installed.add("ada")
    assert await teams.messenger.find_person((), ADA, TENANT)


async def test_of_other_tenants_nobody_is_asked_for(teams: TeamsBorder) -> None:
    """An object id means nobody there."""
    assert await teams.messenger.find_person((), ADA, "99999999-9999-4999-8999-999999999999") == ()
    assert teams.microsoft.opened == []


async def test_opening_a_conversation_sends_nothing(teams: TeamsBorder) -> None:
    """Whatever goes wrong then: the message is in no doubt."""
    for answer in (Response("", 504), Response("{}", 201), Response("<html>", 200)):
        teams.microsoft.refusals = [answer]
        with pytest.raises(ChatUnreachable) as raised:
            await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
        assert raised.value.nothing_sent


# ------------------------------------------------------------------ welcomed


async def test_who_installs_the_app_is_welcomed_once(teams: TeamsBorder) -> None:
    """Teams tells of it in two ways. Their address tells who they are elsewhere."""
    await teams.post(_added(teams))
    await teams.post(teams.installed("add"))
    (call,) = await teams.calls(1)
    assert call.card["speak"] == "Hello Ada Byron."
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities"
    await teams.inbound.drain(20)
    assert len(teams.microsoft.calls) == 1
    (who,) = teams.welcomes.people
    assert (who.user_id, who.email, who.language) == (ADA, "ada@contoso.com", "en-GB")


async def test_who_installed_the_app_is_found_by_address_though_in_no_team(
    teams: TeamsBorder,
) -> None:
    """An admin account elsewhere is theirs; as long as Teams says so, and they have the app."""

    async def found() -> list[str]:
        teams.microsoft.refusals = [NOT_IN_TEAM]
        elsewhere = "99999999-9999-4999-8999-999999999999"
        people = await teams.messenger.find_person(("Ada@contoso.com",), "x", elsewhere)
        return [one.user_id for one in people]

    assert await found() == []
    await teams.post(teams.installed("add"))
    await teams.calls(1)
    assert await found() == [ADA]
    teams.microsoft.members = [{"aadObjectId": ADA, "userPrincipalName": "ada.byron@contoso.com"}]
    assert await found() == []
    teams.microsoft.members = None
    await teams.post(teams.installed("remove"))
    teams.microsoft.installed.clear()
    assert await found() == []


async def test_an_upgrade_welcomes_nobody(teams: TeamsBorder) -> None:
    """They know the bot."""
    await teams.post(teams.installed("add-upgrade"))
    await teams.inbound.drain(20)
    assert teams.microsoft.calls == []


async def test_a_team_is_welcomed_once_in_one_short_message(teams: TeamsBorder) -> None:
    """Where the app was put; nobody of the team is written to."""
    place = {"conversationType": "channel", "isGroup": True, "id": CHANNEL}
    data = {"tenant": {"id": TENANT}, "team": {"id": CHANNEL}, "eventType": "teamMemberAdded"}
    for activity in (_added(teams), teams.installed("add")):
        await teams.post(activity | {"conversation": place, "channelData": data})
    (call,) = await teams.calls(1)
    await teams.inbound.drain(20)
    assert call.body["activity"]["summary"] == "Hello team."
    assert call.body["channelData"]["channel"] == {"id": CHANNEL}
    assert len(teams.microsoft.calls) == 1
    assert (teams.welcomes.people, teams.welcomes.teams) == ([], 1)


async def test_who_removes_the_app_and_puts_it_back_is_followed_each_time(
    teams: TeamsBorder,
) -> None:
    """Lists know it at once; the second welcome within minutes is left out."""
    await teams.post(teams.installed("add"))
    await teams.calls(1)
    await teams.post(teams.installed("remove"))
    await wait_until(lambda: len(teams.welcomes.moved_people) == 1, what="the removal")
    assert teams.welcomes.moved_people[0].user_id == ADA
    teams.microsoft.installed.clear()
    assert await teams.messenger.find_person((), ADA, TENANT) == ()
    for again in (_added(teams), teams.installed("add")):
        await teams.post(again)
    assert await teams.messenger.find_person((), ADA, TENANT)
    await wait_until(lambda: len(teams.welcomes.moved_people) == 2, what="the return")
    await teams.inbound.drain(20)
    assert len(teams.welcomes.moved_people) == 2
    assert len(teams.welcomes.people) == 1


# ------------------------------------------------------------------ what requests leave out

THREAD = f"{CHANNEL};messageid=17"
SHARED: list[Json] = [
    {"conversation": {"id": THREAD}, "channelData": {"tenant": {"id": TENANT}}},
    {"conversation": {"id": THREAD, "isGroup": True}},
    {"conversation": {"id": "19:meeting_x@thread.v2"}},
    {"conversation": {"id": "19:a_b@unq.gbl.spaces", "conversationType": "somethingNew"}},
    {
        "conversation": {"id": THREAD},
        "channelData": {"tenant": {"id": TENANT}, "teamsChannelId": CHANNEL},
    },
]


async def test_a_mention_without_a_conversation_type_is_no_chat_of_two(teams: TeamsBorder) -> None:
    """Else the next personal link would be posted for everybody to read."""
    teams.microsoft.installed.clear()
    for number, change in enumerate(SHARED, start=1):
        place = change["conversation"]["id"].partition(";")[0]
        teams.microsoft.service.log.open(Conversation(place, "teams", "channel", ""))
        response = await teams.post(teams.said("apps", id=str(number)) | change)
        assert response.status_code == 202
        await teams.calls(number)
    assert await teams.messenger.find_person((), ADA, TENANT) == ()
    assert {ref.kind for ref in teams.conversations.refs.values()} == {"channel", "groupChat"}


async def test_a_chat_of_two_without_a_conversation_type_is_one(teams: TeamsBorder) -> None:
    """Its id begins with `a:`."""
    await teams.post(teams.said("apps") | {"conversation": {"id": PERSONAL}})
    await teams.calls(1)
    assert await teams.messenger.find_person((), ADA, TENANT)


async def test_who_writes_is_known_without_an_object_id(teams: TeamsBorder) -> None:
    """Teams tells it of the member; asked once for many messages."""
    teams.microsoft.members = [{"id": ADA_IS, "aadObjectId": ADA.upper()}]
    sender = {"id": ADA_IS, "name": "Ada Byron"}
    for number in range(3):
        mention = teams.in_channel(teams.said("apps", id=str(number))) | {"from": sender}
        await teams.post(mention)
    await teams.calls(3)
    assert {asker.user_id for _, asker in teams.answers.asked} == {ADA}
    assert teams.microsoft.member_requests <= 3


@pytest.mark.parametrize(
    "members", [[], [{"id": "29:1ada"}], [{"id": "29:1ada", "aadObjectId": 5}]]
)
async def test_who_is_not_known_is_nobody_in_particular(
    teams: TeamsBorder, members: list[Any]
) -> None:
    """They are answered, and are no operator."""
    teams.microsoft.members = members
    await teams.post(teams.said("apps") | {"from": {"id": "29:1ada", "name": "Ada"}})
    await teams.calls(1)
    assert teams.answers.asked[0][1].user_id == "29:1ada"


async def test_what_a_request_leaves_out_is_not_forgotten(teams: TeamsBorder) -> None:
    """Neither who it is, nor where they are and what they speak."""
    await teams.post(teams.installed())
    before = teams.conversations.refs[PERSONAL]
    activity = teams.said("apps") | {"from": {"id": ADA_IS}}
    for missing in ("locale", "localTimezone"):
        del activity[missing]
    await teams.post(activity)
    await teams.calls(1)
    assert teams.conversations.refs[PERSONAL] == before


LEFT_OUT: list[tuple[str, int]] = [
    ("locale", 202),
    ("localTimezone", 202),
    ("timestamp", 202),
    ("recipient", 202),
    ("channelData", 202),  # the conversation names the tenant, too
    ("text", 202),
    ("id", 400),
    ("type", 400),
    ("from", 400),
    ("conversation", 400),
    ("serviceUrl", 400),
    ("channelId", 400),
]


@pytest.mark.parametrize(("member", "status"), LEFT_OUT, ids=[name for name, _ in LEFT_OUT])
async def test_a_request_without_a_member_is_served_or_refused(
    teams: TeamsBorder, member: str, status: int
) -> None:
    """And never an error of ours."""
    activity = teams.said("apps")
    del activity[member]
    assert (await teams.post(activity)).status_code == status
    if status == 202:
        await teams.calls(1)


async def test_a_request_that_names_no_tenant_is_refused(teams: TeamsBorder) -> None:
    """Nobody knows whose it is."""
    activity = teams.said("apps", channelData={})
    del activity["conversation"]["tenantId"]
    assert (await teams.post(activity)).status_code == 401
    assert teams.answers.asked == []


IN_COPILOT: list[Json] = [
    {"channelData": {"tenant": {"id": TENANT}, "productContext": "COPILOT"}},
    {"entities": [{"type": "ProductInfo", "id": "COPILOT"}]},
    {"channelId": "msteams:Copilot"},
    {"channelId": "msteams:Outlook"},
]


@pytest.mark.parametrize("told", IN_COPILOT)
async def test_in_copilot_people_are_answered_and_letters_still_go_to_teams(
    teams: TeamsBorder, told: Json
) -> None:
    """Nothing may reach people in that conversation later, so it is not kept as theirs."""
    assert (await teams.post(teams.said("apps") | told)).status_code == 202
    assert (await teams.post(_added(teams) | told)).status_code == 202
    await teams.inbound.drain(20)
    assert [call.card["body"][0]["text"] for call in teams.microsoft.calls] == ["You said: apps"]
    assert (await teams.post(teams.pressed("why HQ") | told | {"id": "2"})).status_code == 200
    await teams.inbound.drain(20)
    assert [words for words, _ in teams.answers.asked] == ["apps", "why HQ"]
    assert teams.conversations.refs == {}
    assert teams.welcomes.people == []
