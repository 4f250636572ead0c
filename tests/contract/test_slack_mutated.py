"""Every field of every answer of Slack that is read: absent, null, empty, of any other type.

The shapes are those of the methods' pages (docs.slack.dev/reference/methods), with ids of our own.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from adapters.slack.directory import SlackDirectory
from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from bot.domain.delivery.notices import Channel
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError
from bot.message import Message
from tests.contract.slack_stage import OLA, event, mention, says, scripted, settings
from tests.contract.test_slack_answers import odd

Json = dict[str, Any]

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ADA = ChatIdentity(Platform.SLACK, OLA, email="ada@contoso.com")
PLACE = Channel(Platform.SLACK, "C1")
MARK = {"event_type": "o365bot_delivery", "event_payload": {"key": "k"}}
USER: Json = {
    "id": OLA,
    "team_id": "T1",
    "tz": "Europe/Vienna",
    "locale": "de-AT",
    "real_name": "Ada",
    "deleted": False,
    "is_bot": False,
    "profile": {"email": "ada@contoso.com", "real_name": "Ada"},
    "enterprise_user": {"enterprise_id": "E1"},
}
POSTED: Json = {"ok": True, "channel": "C1", "ts": "1.1", "message": {"text": "x"}}
PAGE: Json = {
    "ok": True,
    "messages": [{"ts": "1.1", "text": "x", "metadata": MARK}],
    "has_more": False,
    "response_metadata": {"next_cursor": ""},
}
REAL: dict[str, Json] = {
    "users.info": {"ok": True, "user": USER},
    "users.lookupByEmail": {"ok": True, "user": USER},
    "auth.test": {"ok": True, "team_id": "T1", "enterprise_id": "E1", "user_id": "U9"},
    "chat.postMessage": POSTED,
    "chat.update": POSTED,
    "conversations.open": {"ok": True, "channel": {"id": "D1"}},
    "conversations.history": PAGE,
    "conversations.replies": PAGE,
    "conversations.members": {
        "ok": True,
        "members": [OLA],
        "response_metadata": {"next_cursor": ""},
    },
    "conversations.info": {"ok": True, "channel": {"id": "C1", "name": "migration"}},
    "usergroups.list": {"ok": True, "usergroups": [{"id": "S1", "handle": "admins"}]},
    "usergroups.users.list": {"ok": True, "users": [OLA]},
    "pins.add": {"ok": True},
    "views.publish": {"ok": True, "view": {"id": "V1"}},
}
VALUES: tuple[Any, ...] = (None, [], {}, "", 0, True, -1.5, "\ud83d", [None], [[]], {"id": None})
GONE = object()
Call = Callable[[SlackMessenger, SlackDirectory], Awaitable[object]]
CALLS: dict[str, Call] = {
    "find": lambda m, _: m.find_person(["ada@contoso.com"], "", ""),
    "profile": lambda m, _: m.profile(ADA),
    "send": lambda m, _: m.send_personal(ADA, Message("x"), "k"),
    "post": lambda m, _: m.post(PLACE, Message("x"), "k"),
    "update": lambda m, _: m.update("C1:1.1", Message("x")),
    "introduce": lambda m, _: m.introduce([ADA, ADA], Message("x"), "k"),
    "sent": lambda m, _: m.find_sent(ADA, "k"),
    "in thread": lambda m, _: m.find_sent(PLACE, "k", "C1:1.1"),
    "keys": lambda m, _: m.keys_since(ADA, NOW),
    "after": lambda m, _: m.messages_after("C1:1.1", 5),
    "pin": lambda m, _: m.pin("C1:1.1"),
    "colleague": lambda _, d: d.is_colleague(ADA),
    "in channel": lambda _, d: d.members(Group(Platform.SLACK, GroupKind.CHANNEL, "C1")),
    "in group": lambda _, d: d.members(Group(Platform.SLACK, GroupKind.USER_GROUP, "S1")),
    "person": lambda _, d: d.person_name(ADA),
    "channel": lambda _, d: d.name_of(Group(Platform.SLACK, GroupKind.CHANNEL, "C1")),
    "group": lambda _, d: d.name_of(Group(Platform.SLACK, GroupKind.USER_GROUP, "S1")),
}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield (*path, key)
        yield from _paths(value[key], (*path, key))


def _mutants(shape: Json) -> Iterator[Json]:
    for path in _paths(shape):
        for value in (GONE, *VALUES):
            mutant = copy.deepcopy(shape)
            at: Any = mutant
            for key in path[:-1]:
                at = at[key]
            if value is GONE:
                del at[path[-1]]
            else:
                at[path[-1]] = value
            yield mutant


async def test_what_is_real_is_understood() -> None:
    """Else the mutants would prove nothing."""
    async with scripted({}) as slack:
        slack.answers = {method: [says(shape)] for method, shape in REAL.items()}
        async with open_web(settings(f"{slack.url}/api")) as web:
            for call in CALLS.values():
                assert await call(SlackMessenger(web), SlackDirectory(web)) != ()
        assert set(slack.methods) == set(REAL) - {"views.publish"}


@pytest.mark.parametrize("method", sorted(set(REAL) - {"views.publish"}))
async def test_no_mutant_of_an_answer_raises_what_no_port_names(method: str) -> None:
    """Whoever is behind the call gets an error with a code, and no traceback."""
    async with scripted({}) as slack:
        slack.answers = {name: [says(shape)] for name, shape in REAL.items()}
        async with open_web(settings(f"{slack.url}/api")) as web:
            for call in CALLS.values():
                asked = len(slack.calls)
                await call(SlackMessenger(web), SlackDirectory(web))
                if method not in slack.methods[asked:]:
                    continue
                for mutant in _mutants(REAL[method]):
                    slack.answers[method] = [says(mutant)]
                    with suppress(ChatError):
                        await call(SlackMessenger(web), SlackDirectory(web))
                slack.answers[method] = [says(REAL[method])]


async def test_whoever_asks_is_answered_whatever_slack_makes_of_it() -> None:
    """By the right person, and without a traceback in the log."""
    async with odd() as bot:
        bot.slack.answers = {name: [says(shape)] for name, shape in REAL.items()}
        with structlog.testing.capture_logs() as logs:
            for number, mutant in enumerate(_mutants(POSTED)):
                bot.slack.answers["chat.postMessage"] = [says(mutant)]
                before = bot.slack.methods.count("chat.postMessage")
                heard = mention() | {"ts": f"17.{number}"}
                assert await bot.send(event(heard, event_id=f"Ev{number}")) == 200
                assert bot.slack.methods.count("chat.postMessage") > before
        assert {who.user_id for _, who in bot.talk.asked} == {OLA}
        assert not [line for line in logs if "exc_info" in line]
