"""Who may say what, in requests that the platforms signed: each role, and each way to lose it.

The settings of the pretend world name one operator by id, a user group and a channel of operators
in Slack, an Entra group of operators in Teams, and a channel of readers on both; nobody is in any
of them before a test puts somebody there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.redis.keys import Keys
from adapters.redis.shared.memberships import RedisMemberships
from bot.chat.answering.admission.permissions import needed
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import ABOUT_ACCOUNTS, ABOUT_APPS, ABOUT_MESSAGES, VERBS
from bot.domain.people.access import Group, GroupKind, Level, account_name
from bot.domain.people.admins import ChatIdentity, Platform
from sandbox.chatlog import Conversation, Message
from sandbox.page import reading
from sandbox.slack import workspace as slack
from sandbox.teams import service as teams
from tests.scenario.conftest import Stage, own_stage
from tests.there import there

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


WHO = "gita"
ROOT = Path(__file__).parents[2]
REFUSED = ("Only operators can ask me this", "Nur Operatoren")
# Each verb of the code, as it is said; about nothing that there is.
APP = "Office 365 Nowhere"
WORDS = {
    **dict.fromkeys(VERBS, "{verb}"),
    **dict.fromkeys((*ABOUT_APPS, "waive"), f"{{verb}} {APP}"),
    **dict.fromkeys(ABOUT_ACCOUNTS, "{verb} nobody-{one}@contoso.example"),
    **dict.fromkeys(ABOUT_MESSAGES, "{verb} NO-SUC"),
    "plan": "plan 7",
    "owner": "owner nobody-{one}@contoso.example is nobody",
    "onboard": "onboard nowhere.example",
    "away": "away until Friday",
}
SAID = [words.replace("{verb}", verb) for verb, words in WORDS.items()]
SHARED = ["apps 1 shared"]  # by a button alone: others read it without having asked
READS, CHANGES, PERSONAL = (
    [words for words in (*SAID, *SHARED) if needed(parse(words)) is level]
    for level in (Level.VIEWER, Level.OPERATOR, Level.ANYBODY)
)
OTHERWISE = ("scan", "doctor", f"waive {APP}", *SHARED)  # in two messages, by a form, to all


_SLACK_GROUPS = {
    group: str(Group(Platform.SLACK, kind, group))
    for group, kind in (
        (slack.GROUP, GroupKind.USER_GROUP),
        (slack.OPERATORS, GroupKind.CHANNEL),
        (slack.READERS, GroupKind.CHANNEL),
    )
}
# Said everywhere; each of the others in one place of either platform, which asks the same rule.
EVERYWHERE = (
    "apps",
    f"why {APP}",
    f"send {APP}",
    "deny nobody-{one}@contoso.example",
    "help",
    "mine",
)
PLACES = [
    (Platform.SLACK, "command"),
    (Platform.SLACK, "channel"),
    (Platform.SLACK, "alone"),
    (Platform.TEAMS, "channel"),
    (Platform.TEAMS, "group"),
    (Platform.TEAMS, "alone"),
]


@dataclass
class Speaker:
    """Somebody on one platform, where they speak, and what makes them something there."""

    stage: Stage
    platform: Platform
    place: str = "command"

    async def says(self, words: str, user: str = WHO) -> str:
        """The answer, all of it."""
        if self.place == "command" and self.platform is Platform.SLACK:
            return _all_of(await self.stage.command(f"/o365 {words}", bool, user=user))
        world, where = self.stage.world, await self._where(user)
        people = world.slack if self.platform is Platform.SLACK else world.teams
        since = len(where.messages)
        asked = await people.say(user, words, where.id)
        # An answer in a direct message of Slack's has no tie to its question; nor is there another.
        untied = where.kind == "dm" and self.platform is Platform.SLACK
        told = await self.stage.next(
            where, since, lambda m: untied or asked.id in (m.thread, m.answers)
        )
        return _all_of(told)

    async def _where(self, user: str) -> Conversation:
        world = self.stage.world
        match self.platform, self.place:
            case Platform.SLACK, "alone":
                return world.slack.dm_of(user)
            case Platform.TEAMS, "alone":
                return world.teams.dm_of(user)
            case Platform.TEAMS, "group":
                group = self._teams.open_group(self._person, world.company.person("ola"))
                return group if group.messages else await world.teams.add_to_group(WHO, "ola")
            case Platform.SLACK, _:
                return self.stage.slack_channel
        return self.stage.teams_channel

    def all_of(self, words: list[str]) -> list[str]:
        """Those of them that are said here."""
        every = self.place == ("command" if self.platform is Platform.SLACK else "channel")
        return [one for one in words if every or one in EVERYWHERE]

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[None]:
        """In the group of operators, for a while."""
        await self._join(slack.GROUP)
        try:
            yield
        finally:
            await self._leave(slack.GROUP)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[None]:
        """In the channel of readers, for a while."""
        await self._join(slack.READERS)
        try:
            yield
        finally:
            await self._leave(slack.READERS)

    async def _join(self, where: str) -> None:
        if self.platform is Platform.SLACK:
            async with self.stage.noticed(_SLACK_GROUPS[where]):
                self.stage.world.slack.join(WHO, where)
            return
        if where == slack.GROUP:
            self._entra_group.append(self._object_id)
        else:
            channel = self._channel
            channel.who = tuple({*channel.who, self._teams.user_id(self._person)})
        await self.aged()

    async def _leave(self, where: str) -> None:
        if self.platform is Platform.SLACK:
            async with self.stage.noticed(_SLACK_GROUPS[where]):
                self.stage.world.slack.leave(WHO, where)
        elif where == slack.GROUP:
            self._entra_group.remove(self._object_id)
            await self.aged()  # of Entra groups there is no event: a minute passes
        else:
            readers = Group(Platform.TEAMS, GroupKind.CHANNEL, teams.READERS)
            async with self.stage.noticed(str(readers)):
                await self.stage.world.teams.leave(WHO, teams.READERS)

    async def aged(self) -> None:
        """As if a minute had passed over what was read in Teams."""
        async with self.memberships() as memberships:
            for kind, group in (
                (GroupKind.ENTRA_GROUP, self._entra_group_id),
                (GroupKind.CHANNEL, teams.READERS),
            ):
                await memberships.forget(str(Group(self.platform, kind, group)))
            await memberships.forget(account_name(ChatIdentity(self.platform, self._object_id)))

    @asynccontextmanager
    async def memberships(self) -> AsyncIterator[RedisMemberships]:
        async with self.stage.redis() as client:
            yield RedisMemberships(client, Keys())

    @property
    def _teams(self) -> teams.TeamsService:
        return self.stage.world.teams.service

    @property
    def _person(self) -> Any:
        return self.stage.world.company.person(WHO)

    @property
    def _object_id(self) -> str:
        return self._teams.object_id(self._person)

    @property
    def _channel(self) -> Any:
        return there(self.stage.world.log.get(teams.READERS))

    @property
    def _group(self) -> Any:
        groups = self.stage.world.company.tenant("contoso").groups
        return next(one for one in groups if one.name == "Identity Operations")

    @property
    def _entra_group(self) -> list[str]:
        members: list[str] = self._group.member_ids
        return members

    @property
    def _entra_group_id(self) -> str:
        return str(self._group.id)


def _all_of(message: Message) -> str:
    return f"{message.text}\n{reading.text(message)}"


@pytest_asyncio.fixture(params=PLACES, ids=" ".join, loop_scope="session")
async def speaker(request: pytest.FixtureRequest, stage: Stage) -> Speaker:
    speaker = Speaker(stage, *request.param)
    async with stage.redis() as store:  # as if minutes had passed over what was said before
        async for key in store.scan_iter("{o365bot}:limit:*"):
            await store.delete(key)
    return speaker


async def test_every_verb_is_said_at_its_level() -> None:
    """As docs/access.md has them, which is made from the same rule."""
    assert WORDS.keys() == set(VERBS)
    told = (ROOT / "docs" / "access.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| yes \|$", told, re.MULTILINE)
    yes = {verb: (anybody == "yes", viewers == "yes") for verb, anybody, viewers in rows}
    assert yes == {
        verb: (words in PERSONAL, words not in CHANGES)
        for verb, words in zip(WORDS, SAID, strict=True)
    }


def refused(answer: str) -> bool:
    return "takes an operator" in answer or any(one in answer for one in REFUSED)


async def test_whoever_is_named_nowhere_may_what_they_were_asked_alone(speaker: Speaker) -> None:
    """And is told who can say the rest."""
    for words in speaker.all_of(READS + CHANGES):
        answer = await speaker.says(words.replace("{one}", "a"))
        assert refused(answer), words
    assert "Ola" in answer
    if speaker.platform is Platform.SLACK:
        assert "anybody in @identity-ops" in answer
    for words in speaker.all_of(PERSONAL):
        assert not refused(await speaker.says(words)), words


async def test_readers_read_and_change_nothing(speaker: Speaker) -> None:
    """Members of a channel that the settings name."""
    async with speaker.reader():
        for words in speaker.all_of(READS):
            assert not refused(await speaker.says(words)), words
        for words in speaker.all_of(CHANGES):
            assert "takes an operator" in await speaker.says(words.replace("{one}", "b")), words
    assert refused(await speaker.says("apps"))


async def test_operators_by_group_may_all(speaker: Speaker) -> None:
    """Members of a user group, or an Entra group; whoever left it may nothing at once."""
    async with speaker.operator():
        for words in speaker.all_of(READS + CHANGES):
            if words not in OTHERWISE:
                assert not refused(await speaker.says(words.replace("{one}", speaker.platform))), (
                    words
                )
    assert refused(await speaker.says("deny nobody@contoso.example"))


async def test_operators_by_channel_may_all(stage: Stage) -> None:
    """Its members are read page by page."""
    speaker, workspace = Speaker(stage, Platform.SLACK), stage.world.slack.workspace
    channel = there(workspace.conversation(slack.OPERATORS))
    channel.who = tuple(f"U0OTHER{number:04}" for number in range(250))
    async with stage.noticed(_SLACK_GROUPS[slack.OPERATORS]):
        stage.world.slack.join(WHO, slack.OPERATORS)
    assert not refused(await speaker.says("deny nobody@contoso.example"))
    async with stage.noticed(_SLACK_GROUPS[slack.OPERATORS]):
        stage.world.slack.leave(WHO, slack.OPERATORS)
    assert refused(await speaker.says("apps"))


@contextmanager
def among(people: set[str], who: str) -> Iterator[None]:
    people.add(who)
    try:
        yield
    finally:
        people.discard(who)


@pytest.mark.parametrize("mark", ["guests", "external", "deactivated"])
async def test_no_guest_no_external_and_no_deactivated_account_in_slack(
    stage: Stage, mark: str
) -> None:
    """Not even an operator who is named by id; Slack's event makes it count at once."""
    speaker, workspace = Speaker(stage, Platform.SLACK), stage.world.slack.workspace
    assert not refused(await speaker.says("apps", "ola"))
    people: set[str] = getattr(workspace, mark)
    ola = stage.world.slack.slack_id("ola")
    account = account_name(ChatIdentity(Platform.SLACK, ola))
    with among(people, ola):
        async with stage.noticed(account):
            stage.world.slack.changed("ola")
        for words in ("apps", "mine", "help", "send all"):
            assert "not with guests or external accounts" in await speaker.says(words, "ola")
    async with stage.noticed(account):
        stage.world.slack.changed("ola")
    assert not refused(await speaker.says("apps", "ola"))


@pytest.mark.parametrize("mark", ["guests", "foreign"])
async def test_no_guest_and_nobody_of_another_tenant_in_teams(stage: Stage, mark: str) -> None:
    """Also where the request itself is of our tenant: in a chat or team with others in it."""
    speaker = Speaker(stage, Platform.TEAMS)
    people: set[str] = getattr(stage.world.teams.service, mark)
    with among(people, WHO):
        await speaker.aged()
        for words in ("apps", "mine", "help", "send all"):
            assert "not with guests or external accounts" in await speaker.says(words)
    await speaker.aged()
    assert "not with guests" not in await speaker.says("help")


async def test_a_group_that_cannot_be_read_grants_nothing_new(stage: Stage) -> None:
    """A scope is missing: what is known counts on, what is not is told from "no"."""
    speaker, workspace = Speaker(stage, Platform.SLACK), stage.world.slack.workspace
    scopes = list(workspace.scopes)
    async with speaker.operator():
        assert not refused(await speaker.says("apps"))
        workspace.scopes.remove("usergroups:read")
        try:
            assert not refused(await speaker.says("apps"))  # known, a minute ago at most
            async with speaker.memberships() as memberships:
                group = Group(Platform.SLACK, GroupKind.USER_GROUP, slack.GROUP)
                await memberships.forget(str(group))
            assert "cannot check right now whether you may" in await speaker.says("apps")
            assert not refused(await speaker.says("apps", "ola"))  # named by id
        finally:
            workspace.scopes[:] = scopes
    assert refused(await speaker.says("apps"))
