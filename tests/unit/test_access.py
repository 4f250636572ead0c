"""Who may say what: levels, groups, outsiders, what is kept, and what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.answering.admission.permissions import needed, offered
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import VERBS
from bot.chat.words import Words
from bot.domain.people.access import AccessPolicy, Admission, Group, GroupKind, Level
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Buttons, Command, Folded, Item, Menu, Message, OpenLink, buttons_of
from bot.message import Group as Things
from bot.services.people.access import FRESH, KNOWN_FOR, Access
from tests.examples import NOW
from tests.fakes import FakeClock, FakeDirectory, MembershipsInMemory

SLACK = Platform.SLACK
GITA, OPS, READER, STRANGER = (ChatIdentity(SLACK, f"U{name}") for name in ("G", "O", "R", "S"))
USER_GROUP = Group(SLACK, GroupKind.USER_GROUP, "S1")
OPS_CHANNEL = Group(SLACK, GroupKind.CHANNEL, "C1")
READERS = Group(SLACK, GroupKind.CHANNEL, "C2")
POLICY = AccessPolicy((GITA,), (USER_GROUP, OPS_CHANNEL), (READERS,))


class SlackAccess:
    def __init__(self) -> None:
        self.directory = FakeDirectory({"S1": {"UO"}, "C1": {"UC"}, "C2": {"UR", "UO"}})
        self.memberships = MembershipsInMemory()
        self.clock = FakeClock(NOW)
        self.access = self.replica()

    def replica(self) -> Access:
        return Access(
            policy=POLICY,
            directories={SLACK: self.directory},
            memberships=self.memberships,
            clock=self.clock,
        )

    async def level(self, who: ChatIdentity) -> Level:
        return (await self.access.of(who)).level


@pytest.fixture
def slack() -> SlackAccess:
    return SlackAccess()


async def test_levels_come_from_ids_and_groups(slack: SlackAccess) -> None:
    """What gives more counts; whoever is named nowhere has nothing but what they were asked."""
    assert await slack.level(GITA) is Level.OPERATOR
    assert await slack.level(OPS) is Level.OPERATOR
    assert await slack.level(replace(OPS, user_id="UC")) is Level.OPERATOR
    assert await slack.level(READER) is Level.VIEWER
    assert await slack.level(STRANGER) is Level.ANYBODY
    assert await slack.level(replace(GITA, platform=Platform.TEAMS)) is Level.ANYBODY


@pytest.mark.parametrize("who", [GITA, OPS, READER, STRANGER])
async def test_whoever_is_no_colleague_may_nothing(slack: SlackAccess, who: ChatIdentity) -> None:
    """Also who is named, or in a group that is named: guests, deactivated and external accounts."""
    slack.directory.outside.add(who.user_id)
    assert await slack.level(who) is Level.OUTSIDE


async def test_what_was_read_counts_for_a_minute(slack: SlackAccess) -> None:
    """For all replicas; then it is read again, and a lost right is lost."""
    await slack.access.of(OPS)
    slack.directory.groups["S1"].clear()
    slack.directory.groups["C2"].clear()
    asked = len(slack.directory.asked)
    assert (await slack.replica().of(OPS)).level is Level.OPERATOR
    assert len(slack.directory.asked) == asked
    slack.clock.forward(FRESH)
    assert await slack.level(OPS) is Level.ANYBODY


async def test_a_right_that_is_lost_counts_at_once_on_every_replica(slack: SlackAccess) -> None:
    """One replica hears of it; the next command on another one reads anew."""
    other = slack.replica()
    assert (await other.of(OPS)).level is Level.OPERATOR
    slack.directory.groups["S1"].clear()
    await slack.access.group_changed(SLACK, "S1")
    assert (await other.of(OPS)).level is Level.VIEWER
    slack.directory.outside.add("UO")
    await slack.access.person_changed(SLACK, "UO")
    assert (await other.of(OPS)).level is Level.OUTSIDE


async def test_what_was_read_before_a_change_is_not_kept_after_it(slack: SlackAccess) -> None:
    """A reading may be under way when the platform tells of the change."""
    (before,) = await slack.memberships.known((str(USER_GROUP),), "UO")
    await slack.access.group_changed(SLACK, "S1")
    await slack.memberships.keep(str(USER_GROUP), {"UO"}, NOW, before.revision)
    slack.directory.groups["S1"].clear()
    assert await slack.level(OPS) is Level.VIEWER


async def test_while_nothing_can_be_read_what_is_known_counts_for_a_while(
    slack: SlackAccess,
) -> None:
    """Then nothing is granted, and that is told from "no"."""
    await slack.access.of(OPS)
    slack.directory.down = True
    slack.clock.forward(KNOWN_FOR - timedelta(seconds=1))
    assert await slack.access.of(OPS) == Admission(Level.OPERATOR)
    slack.clock.forward(timedelta(seconds=1))
    assert await slack.access.of(OPS) == Admission(Level.ANYBODY, untold=True)
    assert await slack.access.of(GITA) == Admission(Level.ANYBODY, untold=True)


async def test_a_clock_that_was_set_back_makes_nothing_fresher(slack: SlackAccess) -> None:
    """What seems to be read in the future is read again."""
    await slack.access.of(OPS)
    slack.clock.forward(-timedelta(hours=1))
    slack.directory.groups["S1"].clear()
    assert await slack.level(OPS) is Level.VIEWER


async def test_who_can_say_it_is_named(slack: SlackAccess) -> None:
    """Some people, then groups; a platform without names names nobody."""
    assert await slack.access.contacts(SLACK) == ("Name of UG", "#s1", "#c1")
    assert await slack.access.contacts(Platform.TEAMS) == ()


def test_each_command_takes_a_level() -> None:
    """Reading for viewers, what was asked in person for anybody, all else for operators."""
    words = Words("en")
    levels: dict[Level, set[str]] = {level: set() for level in Level}
    for verb in VERBS:
        levels[needed(parse(words(f"help.say_{verb}")))].add(verb)
    assert levels[Level.OUTSIDE] == set()
    assert levels[Level.ANYBODY] == {
        "mine", "verify", "notme", "later", "away", "back", "notes", "help"
    }  # fmt: skip
    assert levels[Level.VIEWER] == {"apps", "all", "waivers", "why", "who", "plan", "deadline"}
    assert needed(parse("that one")) is needed(parse("export")) is Level.VIEWER
    assert needed(parse("send it")) is Level.OPERATOR  # which app it is, is asked of who may


@pytest.mark.parametrize(
    ("level", "left"),
    [
        (Level.ANYBODY, ["help", "me ABC-DEF"]),
        (Level.VIEWER, ["apps", "help", "me ABC-DEF", "why contoso/1", "apps 2"]),
        (
            Level.OPERATOR,
            ["apps", "help", "me ABC-DEF", "send contoso/1", "why contoso/1", "apps 2", "scan"],
        ),
    ],
)
def test_nobody_is_offered_what_they_would_be_refused(level: Level, left: list[str]) -> None:
    """Wherever it stands: in a row, beside an item, behind a "⋮", in a menu, folded away."""

    def says(words: str) -> Command:
        return Command(words, words, words)

    link = OpenLink("open", "Open", "https://example.com")
    told = Message(
        "All",
        (
            Buttons((says("apps"), link), (says("help"),)),
            Things((Item("One", button=says("me ABC-DEF")),)),
            Things((Item("Two", button=says("send contoso/1"), more=(says("why contoso/1"),)),)),
            Buttons((Menu("page", "Page", (says("apps 2"),)),)),
            Folded("More", "more", (Buttons((says("scan"),)),)),
        ),
        share=says("apps 1 shared"),
    )
    shown = offered(told, level)
    ways = [way for block in shown.blocks for way in buttons_of(block)]
    assert [way.words for way in ways if isinstance(way, Command)] == left
    assert link in ways
    assert (shown.share is None) is (level is not Level.OPERATOR)
