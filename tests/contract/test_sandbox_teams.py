"""The pretend Teams speaks the protocol as its documentation has it."""

from __future__ import annotations

import json

import httpx
import jwt
import pytest
import pytest_asyncio
from starlette.responses import JSONResponse, Response

from sandbox.teams import service as teams_service
from sandbox.world import TEAMS_SECRET, World
from tests.contract.chat_stage import Bot, Json, last_in, message_in
from tests.there import there

CARD_TYPE = "application/vnd.microsoft.card.adaptive"


async def test_activities_carry_a_token_that_verifies_against_the_published_keys(
    world: World, bot: Bot
) -> None:
    """RS256 by the key that the metadata leads to; issuer, audience and serviceurl are right."""
    await world.teams.say("ola", "which O365 apps need migration")
    await world.log.wait_for(lambda: bot.got or None)
    headers, raw = bot.got[0]
    activity = json.loads(raw)
    base = world.company.addresses["botframework"]
    metadata = await world.slack.client.get(f"{base}/v1/.well-known/openidconfiguration")
    keys = (await world.slack.client.get(metadata.json()["jwks_uri"])).json()["keys"]
    token = headers["authorization"].removeprefix("Bearer ")
    kid = jwt.get_unverified_header(token)["kid"]
    jwk = next(key for key in keys if key["kid"] == kid)
    claims = jwt.decode(
        token,
        jwt.PyJWK(jwk, algorithm="RS256"),
        algorithms=["RS256"],
        audience=world.teams.service.app_id,
        issuer="https://api.botframework.com",
    )
    assert jwk["endorsements"] == ["msteams"]
    assert claims["serviceurl"] == activity["serviceUrl"]
    assert activity["text"] == "<at>O365 bot</at> which O365 apps need migration"
    assert activity["conversation"]["id"].endswith(f";messageid={activity['id']}")
    assert activity["conversation"]["tenantId"] == world.teams.service.tenant_id
    assert activity["channelData"]["tenant"]["id"] == world.teams.service.tenant_id


async def test_an_activity_that_fails_is_sent_again_with_the_same_id(
    world: World, bot: Bot
) -> None:
    """After a timeout Teams repeats the very same activity."""
    world.teams.delivery.retry_delays = (0.0,)
    answers = iter([503, 202])
    bot.answer = lambda body: Response(status_code=next(answers))
    await world.teams.say("ola", "help", world.teams.dm_of("ola").id)
    await world.log.wait_for(lambda: len(bot.got) == 2)
    assert bot.bodies()[0] == bot.bodies()[1]


class Teams:
    """Calls the pretend connector as a bot would."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.base = world.teams.service.service_url
        self.http = world.slack.client
        self.headers: dict[str, str] = {}

    async def sign_in(self, secret: str = TEAMS_SECRET) -> httpx.Response:
        service = self.world.teams.service
        login = self.world.company.addresses["teams-login"]
        response = await self.http.post(
            f"{login}/{service.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": service.app_id,
                "client_secret": secret,
                "scope": "https://api.botframework.com/.default",
            },
        )
        if response.is_success:
            self.headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
        return response

    async def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return await self.http.request(
            method, f"{self.base}v3/conversations{path}", json=body, headers=self.headers
        )

    async def open(self, key: str) -> httpx.Response:
        tenant = self.world.teams.service.tenant_id
        oid = self.world.company.person(key).entra_object_ids[tenant]
        return await self.call("POST", "", {"members": [{"id": oid}], "tenantId": tenant})


@pytest_asyncio.fixture
async def teams(world: World) -> Teams:
    """The connector, signed in to."""
    teams = Teams(world)
    await teams.sign_in()
    return teams


async def test_the_connector_refuses_who_has_no_token_of_the_login_host(world: World) -> None:
    """No token, a foreign one, or a wrong secret: 401, in the shape Teams uses."""
    teams = Teams(world)
    refused = await teams.sign_in("wrong")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert (await teams.open("gita")).status_code == 401
    teams.headers = {"Authorization": f"Bearer {world.teams.delivery.token()}"}
    answer = await teams.open("gita")
    assert answer.status_code == 401
    assert answer.json() == {"message": "Authorization has been denied for this request."}


async def test_only_people_who_have_the_app_can_be_written_to(teams: Teams) -> None:
    """A 1:1 conversation is made once; without the app it is BotNotInConversationRoster."""
    first, second = await teams.open("gita"), await teams.open("gita")
    assert first.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    refused = await teams.open("agnes")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "ForbiddenOperationException"


async def test_a_card_is_posted_replied_to_updated_and_deleted(teams: Teams, world: World) -> None:
    """A new thread in the channel, a reply, a change in place, and the end of it."""
    channel = teams_service.CHANNEL
    created = await teams.call(
        "POST",
        "",
        {"isGroup": True, "channelData": {"channel": {"id": channel}}, "activity": _card("board")},
    )
    assert created.status_code == 201
    thread, root = created.json()["id"], created.json()["activityId"]
    assert thread == f"{channel};messageid={root}"
    reply = await teams.call(
        "POST", f"/{thread}/activities/{root}", {"type": "message", "text": "nudge"}
    )
    assert message_in(world, channel, reply.json()["id"]).thread == root
    await teams.call("PUT", f"/{channel}/activities/{root}", _card("board, changed"))
    assert there(message_in(world, channel, root).card)["body"][0]["text"] == "board, changed"
    assert (await teams.call("DELETE", f"/{channel}/activities/{root}")).status_code == 200
    gone = await teams.call("PUT", f"/{channel}/activities/{root}", _card("x"))
    assert (gone.status_code, gone.json()["error"]["code"]) == (403, "ServiceError")
    never = await teams.call("PUT", f"/{channel}/activities/1", _card("x"))
    assert (never.status_code, never.json()["error"]["code"]) == (
        404,
        "ActivityNotFoundInConversation",
    )


async def test_a_targeted_message_is_for_its_recipient_alone(teams: Teams, world: World) -> None:
    """Microsoft Learn, "Targeted messages"; without a recipient it is refused."""
    ola = world.teams.service.user_id(world.company.person("ola"))
    channel, query = teams_service.CHANNEL, "?isTargetedActivity=true"
    told = _card("for you") | {"recipient": {"id": ola}}
    sent = await teams.call("POST", f"/{channel}/activities{query}", told)
    assert message_in(world, channel, sent.json()["id"]).only_for == ola
    refused = await teams.call("POST", f"/{channel}/activities{query}", _card("for you"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadArgument")


@pytest.mark.parametrize(
    ("activity", "status", "code"),
    [
        ({"type": "message", "text": "x" * 60_000}, 413, "MessageSizeTooBig"),
        ({"type": "message"}, 400, "BadSyntax"),
    ],
)
async def test_what_teams_refuses_is_refused(
    teams: Teams, activity: Json, status: int, code: str
) -> None:
    """100 KB are counted as UTF-16; an empty message is malformed."""
    answer = await teams.call("POST", f"/{teams_service.CHANNEL}/activities", activity)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.6"},
        {"body": [{"type": "TextBlok", "text": "x"}]},
        {"body": [{"type": "TextBlock"}]},
        {"actions": [{"type": "Action.OpenUrl", "title": "Go"}]},
    ],
)
async def test_a_card_that_a_client_could_not_draw_is_refused(teams: Teams, change: Json) -> None:
    """Version, element names and required fields are checked."""
    activity = _card("x")
    activity["attachments"][0]["content"] |= change
    answer = await teams.call("POST", f"/{teams_service.CHANNEL}/activities", activity)
    assert answer.status_code == 400


async def test_the_answer_to_an_execute_is_seen_by_the_presser_alone(
    teams: Teams, world: World, bot: Bot
) -> None:
    """And goes back when the card is drawn anew; a failure is only a notice."""
    conversation = (await teams.open("gita")).json()["id"]
    activity = _card("question")
    activity["attachments"][0]["content"]["actions"] = [
        {"type": "Action.Execute", "title": "Done", "verb": "done", "data": {"request": "r1"}}
    ]
    sent = await teams.call("POST", f"/{conversation}/activities", activity)
    message = message_in(world, conversation, sent.json()["id"])
    card = message.card
    bot.answer = lambda body: Response(status_code=501)
    await world.teams.press("gita", message, "Done")
    assert last_in(world, conversation).text.startswith("Something went wrong")
    answer = _card("thanks")["attachments"][0]["content"]
    bot.answer = lambda body: JSONResponse({"statusCode": 200, "type": CARD_TYPE, "value": answer})
    await world.teams.press("gita", message, "Done")
    invoke = bot.bodies()[-1]
    assert invoke["name"] == "adaptiveCard/action"
    assert invoke["value"]["action"]["verb"] == "done"
    assert invoke["value"]["action"]["data"] == {"request": "r1"}
    assert world.teams.seen("gita", message) == answer
    assert world.teams.seen("ola", message) == message.card == card
    world.teams.look_again("gita", message)
    assert world.teams.seen("gita", message) == card
    await world.teams.press("gita", message, "Done")
    await teams.call("PUT", f"/{conversation}/activities/{message.id}", _card("for everybody"))
    assert world.teams.seen("gita", message) == message.card != card


async def test_the_teams_limit_is_answered_with_429(teams: Teams, world: World) -> None:
    """After the burst comes 429 with Retry-After and the code Throttled."""
    limit = world.teams.service.limit
    limit.burst, limit.per_second = 1, 0.01  # on a slow machine, too
    path = f"/{teams_service.CHANNEL}/activities"
    await teams.call("POST", path, {"type": "message", "text": "one"})
    answer = await teams.call("POST", path, {"type": "message", "text": "two"})
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "Throttled"
    assert int(answer.headers["retry-after"]) >= 1


def _card(text: str) -> Json:
    content: Json = {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
    }
    return {"type": "message", "attachments": [{"contentType": CARD_TYPE, "content": content}]}
