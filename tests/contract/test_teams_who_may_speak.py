"""Who may speak as Teams: tokens, tenants, keys, and what holds while they cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import time_machine

from adapters.teams.outgoing.tokens import is_known_service
from tests.contract.pretend_teams import APP, NEW_KEY, OLD_KEY, PERSONAL
from tests.contract.teams_world import TeamsBorder


def tampered(token: str) -> str:
    head, claims, signature = token.split(".")
    return ".".join((head, claims, signature[:-8] + "AAAAAAAA"))


def now(seconds: int) -> int:
    return int(time.time()) + seconds


REFUSED: dict[str, Callable[[TeamsBorder], str]] = {
    "garbage": lambda w: "abc.def.ghi",
    "no dots": lambda w: "garbage",
    "not ASCII": lambda w: "ä.ö.ü",
    "header nested deep": lambda w: "W1tb" * 3000 + ".e30.AA",
    "wrong signature": lambda w: tampered(w.token()),
    "signed by a stranger with a known kid": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        NEW_KEY,
        algorithm="RS256",
        headers={"kid": "old"},
    ),
    "unknown kid": lambda w: w.token(kid="new"),
    "no kid": lambda w: jwt.encode({"iss": "x"}, OLD_KEY, algorithm="RS256"),
    "wrong issuer": lambda w: w.token(iss="https://evil.example"),
    "issuer of the emulator": lambda w: w.token(
        iss="https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
        aud="https://api.botframework.com",
        appid=APP,
        ver="1.0",
    ),
    "no issuer": lambda w: w.token(iss=None),
    "wrong audience": lambda w: w.token(aud="another-app"),
    "no audience": lambda w: w.token(aud=None),
    "audience in a list": lambda w: w.token(aud=[APP]),
    "expired": lambda w: w.token(exp=now(-301)),
    "no expiry": lambda w: w.token(exp=None),
    "expiry is no number": lambda w: w.token(exp="soon"),
    "not yet valid": lambda w: w.token(nbf=now(600)),
    "another serviceUrl": lambda w: w.token(serviceurl="https://evil.example/"),
    "no serviceUrl": lambda w: w.token(serviceurl=None),
    "HS256 with the public key's name": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        "x" * 64,
        algorithm="HS256",
        headers={"kid": "old"},
    ),
    "alg none": lambda w: jwt.encode(
        jwt.decode(w.token(), options={"verify_signature": False}),
        "",
        algorithm="none",
        headers={"kid": "old"},
    ),
}


async def test_a_token_that_proves_nothing_is_refused(teams: TeamsBorder) -> None:
    """401, whatever is wrong with it, and nobody is answered."""
    statuses = {}
    for case, make in REFUSED.items():
        header = b"Bearer " + make(teams).encode()
        response = await teams.client.post(
            teams.bot_url, json=teams.said("apps"), headers={b"Authorization": header}
        )
        statuses[case] = response.status_code
    assert statuses == dict.fromkeys(REFUSED, 401)
    assert teams.answers.asked == []


async def test_without_a_bearer_token_nothing_is_taken(teams: TeamsBorder) -> None:
    """No Authorization header, an empty or another one is no token."""
    for header in ("", "Bearer", "Basic eDp5", "Negotiate", "bearer"):
        response = await teams.post(teams.said("apps"), headers={"Authorization": header})
        assert response.status_code == 401, header
    assert (await teams.post(teams.said("apps"), headers={})).status_code == 401
    assert teams.microsoft.key_requests == 0


async def test_a_clock_that_is_two_minutes_off_is_forgiven(teams: TeamsBorder) -> None:
    """Five minutes of leeway, as the Bot Framework asks for."""
    token = teams.token(exp=now(-120))
    assert (await teams.post(teams.said("apps"), token)).status_code == 202


STRANGERS: list[Any] = [
    {"channelData": {"tenant": {"id": "99999999-9999-4999-8999-999999999999"}}},
    {"channelData": {}, "conversation": {"conversationType": "personal", "id": PERSONAL}},
    {"channelData": None, "conversation": {"id": PERSONAL}},
    {
        "channelData": {},
        "conversation": {"id": PERSONAL, "tenantId": "99999999-9999-4999-8999-999999999999"},
    },
    {"channelId": "webchat"},
    {"channelId": "directline"},
]


async def test_other_tenants_and_channels_are_refused(teams: TeamsBorder) -> None:
    """On the web chat channel anybody may claim to be anybody; another tenant is not ours."""
    for change in STRANGERS:
        assert (await teams.post(teams.said("apps") | change)).status_code == 401, change
    assert teams.answers.asked == []


async def test_a_service_url_that_is_not_configured_is_refused(teams: TeamsBorder) -> None:
    """Even a signed one: our token would go there."""
    evil = "https://smba.trafficmanager.net.evil.example/"
    activity = teams.said("apps", serviceUrl=evil)
    assert (await teams.post(activity, teams.token(serviceurl=evil))).status_code == 401


def test_only_scheme_host_and_port_make_a_known_service() -> None:
    """Teams adds a region to the path; look-alikes are strangers."""
    known = ("https://smba.trafficmanager.net",)
    assert is_known_service("https://smba.trafficmanager.net/emea/", known)
    assert is_known_service("https://SMBA.trafficmanager.net:443/teams", known)
    for url in (
        "http://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:444/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example/smba.trafficmanager.net",
        "https://smba.trafficmanager.net\\@evil.example/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://smba.trafficmanager.net:0/",
        "https://smba.trafficmanager.net:x/",
        "https://smba\u3002trafficmanager.net.evil.example/",
        "https://[::1",
        "//smba.trafficmanager.net/",
        "javascript:alert(1)",
        "",
    ):
        assert not is_known_service(url, known), url


@pytest.mark.parametrize(
    ("endorsements", "status"),
    [(["skype", "webchat"], 401), (None, 401), ([], 401), (["skype", "msteams"], 202)],
)
async def test_a_key_speaks_only_for_the_channels_that_endorse_it(
    teams: TeamsBorder, endorsements: list[str] | None, status: int
) -> None:
    """Those of the Bot Framework all say whom they may speak for."""
    teams.microsoft.endorsements["old"] = endorsements
    assert (await teams.post(teams.said("apps"))).status_code == status


async def test_new_keys_are_found_when_microsoft_rolls_them(teams: TeamsBorder) -> None:
    """A key id that was never seen makes the bot read the keys again."""
    teams.microsoft.keys = {"old": OLD_KEY}
    assert (await teams.post(teams.said("apps", id="1"), teams.token())).status_code == 202
    teams.microsoft.keys = {"new": NEW_KEY}
    teams.clock.now += 61.0
    rolled = await teams.post(teams.said("apps", id="2"), teams.token(kid="new"))
    assert rolled.status_code == 202
    assert teams.microsoft.key_requests == 2


async def test_a_token_that_was_good_is_refused_once_it_is_no_more(teams: TeamsBorder) -> None:
    """It is checked once and kept: until it ends, for its key, and for what it speaks of alone."""
    token = teams.token()
    ends = teams.token(exp=now(60))
    assert (await teams.post(teams.said("help", id="1"), ends)).status_code == 202
    with time_machine.travel(now(60 + 301)):  # five minutes are what a clock may be off
        assert (await teams.post(teams.said("help", id="1a"), ends)).status_code == 401
    assert (await teams.post(teams.said("help", id="2"), token)).status_code == 202
    elsewhere = teams.said("help", id="3") | {"channelId": "webchat"}
    assert (await teams.post(elsewhere, token)).status_code == 401
    teams.microsoft.keys = {"old": NEW_KEY}  # another key of the same name
    teams.clock.now += 25 * 3600
    assert (await teams.post(teams.said("help", id="4"), token)).status_code == 401


async def test_unknown_key_ids_do_not_make_the_bot_ask_each_time(teams: TeamsBorder) -> None:
    """A flood of made-up tokens is no flood of requests to Microsoft."""
    for _ in range(20):
        assert (await teams.post(teams.said("apps"), teams.token(kid="new"))).status_code == 401
    assert teams.microsoft.key_requests == 1


async def test_while_the_keys_cannot_be_read_teams_is_asked_to_come_again(
    teams: TeamsBorder,
) -> None:
    """503 and not 401: the request may be genuine."""
    teams.microsoft.keys_down = True
    response = await teams.post(teams.said("apps"))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


async def test_while_the_store_is_away_teams_is_asked_to_come_again(teams: TeamsBorder) -> None:
    """Without the store nobody can say whether it was seen before."""
    teams.once.down = True
    assert (await teams.post(teams.said("apps"))).status_code == 503
    teams.once.down = False
    assert (await teams.post(teams.said("apps"))).status_code == 202
