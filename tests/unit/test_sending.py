"""`send` in its forms: what will happen is said, many are asked back about, nothing goes twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.chat.typed.commands import Command as Said
from bot.chat.typed.commands import Send, SendAll
from bot.chat.typed.understanding import parse
from bot.chat.words import languages
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.delivery.notices import PersonalRound
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Platform
from bot.domain.people.recipients import Recipient
from bot.errors import CloudUnreachable
from bot.message import Role
from tests.drawing import check_drawn
from tests.examples import ADA, NOW, OPERATOR, TENANT, record_of
from tests.reading import said_by_buttons, text_of
from tests.there import there
from tests.unit.talk import TwoApps

UNREAD = (Evidence(EvidenceKind.READ_FAILED, NOW, NOW, {"missing": "okta.apps.read"}, "e9"),)


def one_of_the_crowd(tenant: int, number: int) -> GlobalAdmin:
    """Somebody who is an administrator of that tenant."""
    return replace(
        ADA,
        tenant_id=f"t{tenant}",
        object_id=f"p{number}",
        display_name=f"P {number}",
        upn=f"p{number}@example.com",
    )


async def crowd(people: int, zone: str = "America/Los_Angeles", apps: int = 1) -> TwoApps:
    """So many people, each the only one who can do `apps` apps."""
    world = TwoApps()
    chats: list[ChatIdentity] = []
    for number in range(people):
        tenant = replace(TENANT, id=f"t{number}", domain=f"t{number}.example.com")
        admin = one_of_the_crowd(number, number)
        chats.append(
            ChatIdentity(Platform.SLACK, f"U1{number}", admin.display_name, admin.upn, zone)
        )
        world.entra.admins[tenant.id] = (admin,)
        await world.ledger.commit(
            Changes(
                apps=tuple(
                    record_of(f"a{number}x{n}", f"App {number}x{n}", tenant=tenant)
                    for n in range(apps)
                )
            )
        )
    world.slack.people = tuple(chats)
    return world


def planned(world: TwoApps) -> list[PersonalRound]:
    """The messages that are on their way."""
    found = [delivery.notice for delivery in world.ledger.all_deliveries.values()]
    return [notice for notice in found if isinstance(notice, PersonalRound)]


async def told(world: TwoApps) -> ConsentRequest:
    """The one request, once its message was there."""
    (request,) = await world.ledger.open_requests()
    moved = step(request, Step.DELIVER, world.clock.now(), named=True)
    await world.ledger.commit(Changes(requests=(moved,)))
    return moved


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("send all", SendAll()),
        ("send all now", SendAll(now=True)),
        ("send all now sure", SendAll(now=True, sure=True)),
        ("schicke alle jetzt", SendAll(now=True)),
        ("send everything right now!", SendAll(now=True)),
        ("send Labs now", Send("Labs", now=True)),
        ("send Labs now sure", Send("Labs", now=True, sure=True)),
        ("send Labs sure", Send("Labs", sure=True)),
        ("send Do It Now EU", Send("Do It Now EU")),
    ],
)
def test_each_form_is_understood(words: str, command: Said) -> None:
    """What is called like a form of it is an app."""
    assert parse(words) == command


@pytest.mark.parametrize("language", languages())
async def test_forty_people_at_three_in_the_morning_are_asked_back(language: str) -> None:
    """Who, what time it is there, and for how many it is out of hours; nothing goes out by it."""
    world = await crowd(40)
    world.clock.forward(timedelta(hours=2))  # 03:00 in Los Angeles
    asker = replace(OPERATOR, language=language)
    message = await world.say("send all now", asker)
    check_drawn(message)
    said = text_of(message)
    assert said.count("03:00") == 10
    assert "40" in message.summary
    assert "30" in said  # and so many more
    assert said_by_buttons(message) == ["send all now sure", "send all"]
    assert planned(world) == []
    assert await world.ledger.open_requests() == ()

    await world.say("send all now sure", asker)
    assert len(planned(world)) == 40
    assert {notice.reason for notice in planned(world)} == {"now"}


async def test_without_now_nobody_is_disturbed_and_nobody_is_asked_back() -> None:
    """The first message is decided by the rules, for forty as for one."""
    world = await crowd(40)
    message = await world.say("send all")
    assert "asked somebody about 40 apps" in text_of(message)
    assert planned(world) == []
    assert len(await world.ledger.open_requests()) == 40


async def test_each_person_is_looked_up_once_however_many_apps_there_are() -> None:
    """The platforms allow few such calls: they are about people, not about apps."""
    world = await crowd(2, apps=5)
    await world.say("send all")
    assert len(await world.ledger.open_requests()) == 10
    assert len(world.slack.searched) == len(set(world.slack.searched)) == 2


async def test_one_person_gets_one_message_with_all_their_apps_at_once() -> None:
    """One is not many: "now" was clear enough."""
    world = await crowd(1, apps=3)
    message = await world.say("send all now")
    assert "3 apps" in text_of(message)
    (notice,) = planned(world)
    assert len(notice.requests) == 3


async def test_the_fewest_people_are_asked() -> None:
    """Whoever can do the most of it, in whatever order the apps and the people come."""
    world = await crowd(4)
    # p0 comes first by name, and can do nothing else.
    for tenant, people in enumerate([(0, 1), (1, 2), (2, 3, 1), (3, 1)]):
        world.entra.admins[f"t{tenant}"] = tuple(one_of_the_crowd(tenant, n) for n in people)
    await world.say("send all")
    assert {one.admin_object_id for one in await world.ledger.open_requests()} == {"p1"}


async def test_nobody_is_given_more_than_their_own_week_has_room_for() -> None:
    """What is overdue has a week: of somebody who works two days of it, those two."""
    world = await crowd(1, apps=12)
    other = replace(ADA, tenant_id="t0", object_id="q", display_name="Q", upn="q@example.com")
    world.entra.admins["t0"] = (one_of_the_crowd(0, 0), other)
    q = ChatIdentity(Platform.SLACK, "U2", "Q", other.upn, "UTC")
    part_time = replace(world.slack.people[0], days_off=frozenset({2, 3, 4}))
    world.slack.people = (*world.slack.people, q)
    await world.ledger.commit(Changes(recipients=(Recipient(part_time, revision=1),)))
    await world.say("send all")
    asked = Counter(one.admin_object_id for one in await world.ledger.open_requests())
    assert asked == {"p0": 8, "q": 4}


async def test_pressed_twice_it_is_sent_once() -> None:
    """Before anything was delivered, and after."""
    world = await crowd(3)
    for _ in range(2):
        await world.say("send all now sure")
    assert len(planned(world)) == 3
    for request in await world.ledger.open_requests():
        moved = step(request, Step.DELIVER, NOW, named=True)
        await world.ledger.commit(Changes(requests=(moved,)))
    world.clock.forward(timedelta(hours=1))
    message = await world.say("send all now sure")
    assert "nothing to send" in text_of(message)
    assert len(planned(world)) == 3


@pytest.mark.parametrize("words", ["send all", "send all now", "send all now sure"])
async def test_nobody_reachable_is_said_with_a_way_on(words: str) -> None:
    """No error about "this app": there are several."""
    world = await crowd(3)
    world.slack.people = ()
    message = await world.say(words)
    check_drawn(message)
    assert "I have nobody to ask about 3 apps. Say “apps”" in text_of(message)
    assert await world.ledger.open_requests() == ()


async def test_what_cannot_be_read_or_asked_for_is_counted() -> None:
    """Each app that is open stands somewhere in the answer."""
    world = await crowd(3)
    (first, second, third) = await world.ledger.apps()
    world.slack.people = world.slack.people[1:]
    unread = replace(second, evidence=UNREAD, revision=2)
    await world.ledger.commit(Changes(apps=(unread,)))
    said = text_of(await world.say("send all"))
    assert "asked somebody about one app" in said
    assert third.app.label in said
    assert first.app.label not in said
    assert "nobody to ask about one app" in said
    assert "One app cannot be read" in said


async def test_a_tenant_that_does_not_answer_keeps_the_others_from_nothing() -> None:
    """And is counted; where no tenant answers, the answer is why."""
    world = await crowd(2)
    former = world.entra.admins["t0"]
    world.entra.admins["t0"] = CloudUnreachable("down", where="t0", call="GET")
    said = text_of(await world.say("send all"))
    assert "asked somebody about one app" in said
    assert "For one app I could not find out whom to ask" in said
    world.entra.admins["t0"] = former
    assert "asked somebody about one app" in text_of(await world.say("send all"))


async def test_where_no_cloud_answers_the_answer_is_why() -> None:
    """Nothing was done, so it is an error and no empty success."""
    world = await crowd(2)
    for tenant in ("t0", "t1"):
        world.entra.admins[tenant] = CloudUnreachable("down", where=tenant, call="GET")
    message = await world.say("send all now")
    assert message.role is Role.REFUSAL
    assert await world.ledger.open_requests() == ()


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("words", ["send {} now", "send {}"])
async def test_whoever_has_the_message_gets_no_second_one_by_accident(
    words: str, language: str
) -> None:
    """Their link goes on; when they hear of it next is said, and what another message would do."""
    world = await crowd(1)
    asker = replace(OPERATOR, language=language)
    (record,) = await world.ledger.apps()
    await world.say(f"send {record.app.ref} now", asker)
    request = await told(world)
    world.clock.forward(timedelta(minutes=2))
    message = await world.say(words.format(record.app.ref), asker)
    check_drawn(message)
    assert said_by_buttons(message) == [f"send {record.app.ref} now sure"]
    assert "01:02" in text_of(message)
    assert await world.ledger.open_requests() == (request,)
    assert len(planned(world)) == 1

    await world.say(f"send {record.app.ref} now sure", asker)
    (newer,) = await world.ledger.open_requests()
    assert newer.id != request.id
    assert there(await world.ledger.request(request.id)).stage is Stage.REVOKED
    assert len(planned(world)) == 2
    await told(world)
    for _ in range(2):  # the button is pressed again, and a minute later
        await world.say(f"send {record.app.ref} now", asker)
        world.clock.forward(timedelta(minutes=2))
    assert len(planned(world)) == 2


async def test_now_is_said_before_the_message_is_there_goes_out_once() -> None:
    """Two operators, one minute."""
    world = await crowd(1)
    (record,) = await world.ledger.apps()
    for _ in range(2):
        await world.say(f"send {record.app.ref} now")
    assert len(planned(world)) == 1


async def test_who_can_do_it_no_more_is_replaced_without_a_question() -> None:
    """The link of somebody who has left is no loss."""
    world = await crowd(1)
    (record,) = await world.ledger.apps()
    await world.say(f"send {record.app.ref}")
    request = await told(world)
    (gone,) = world.slack.people
    other = replace(ADA, tenant_id="t0", object_id="other", upn="other@example.com")
    newcomer = replace(gone, user_id="U77", email="other@example.com")
    world.slack.people = (newcomer,)
    await world.ledger.save_global_admins("t0", (other,), ())
    world.clock.forward(timedelta(minutes=2))
    await world.say(f"send {record.app.ref}")
    (newer,) = await world.ledger.open_requests()
    assert (newer.chat, newer.id == request.id) == (newcomer, False)


@pytest.mark.parametrize(("language", "says"), [("en", "March 6, 2025"), ("de", "6. März 2025")])
async def test_a_part_time_week_and_a_holiday_are_both_kept(language: str, says: str) -> None:
    """Monday and Tuesday are free for them, Wednesday is for all: Thursday, at nine."""
    world = await crowd(1, "UTC")
    closed = replace(world.policy.calendars, quiet=frozenset({date(2025, 3, 5)}))
    world.policy = replace(world.policy, calendars=closed)
    (record,) = await world.ledger.apps()
    (chat,) = world.slack.people
    week = Recipient(replace(chat, days_off=frozenset({0, 1})), revision=1)
    await world.ledger.commit(Changes(recipients=(week,)))
    world.conversation = world.replica().conversation
    said = text_of(await world.say(f"send {record.app.ref}", replace(OPERATOR, language=language)))
    assert says in said
    assert "09:00 UTC" in said
    assert planned(world) == []


@pytest.mark.parametrize("language", languages())
async def test_a_sunday_night_is_out_of_hours_for_everybody(language: str) -> None:
    """At three in Berlin: nobody gets anything before somebody said that they are sure."""
    world = await crowd(3, "Europe/Berlin")
    world.clock.forward(timedelta(days=6, hours=-7))  # 9 March, 02:00 UTC
    message = await world.say("send all now", replace(OPERATOR, language=language))
    assert text_of(message).count("03:00") == 3
    assert said_by_buttons(message) == ["send all now sure", "send all"]
    assert planned(world) == []


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "when they are back: they"), ("de", "zurück ist: Sie hat")],
)
async def test_where_everybody_is_away_the_answer_says_when_it_goes_out(
    language: str, says: str
) -> None:
    """Whoever is back first is not known to matter: it waits for who is asked, and says so."""
    world = await crowd(2, "UTC")
    until = NOW.date() + timedelta(days=3)
    for chat in world.slack.people:
        away = Recipient(chat).away((Absence(None, until),), NOW)
        await world.ledger.commit(Changes(recipients=(away,)))
    record, _ = await world.ledger.apps()
    said = text_of(await world.say(f"send {record.app.ref}", replace(OPERATOR, language=language)))
    assert says in said
    await world.say("send all")
    assert len(await world.ledger.open_requests()) == 2
    assert planned(world) == []
