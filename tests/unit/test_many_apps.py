"""One person with 200 apps, and the longest names that there are: nothing loses its buttons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.slack.rendering import forms
from adapters.slack.rendering.message import render
from bot.chat.campaign.boards import board
from bot.chat.typed.commands import Later
from bot.chat.typed.understanding import parse
from bot.chat.words import Words, languages
from bot.domain.campaign import rounds
from bot.domain.campaign.intents import Open, Reason
from bot.domain.campaign.windows import EVERYBODY, OKTA_CONSENT, WINDOWS, Campaign
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, ProofKind, Stage
from bot.domain.delivery.notices import OperatorDigest
from bot.domain.inventory.apps import AppRef
from bot.message import Buttons, Command, Group, Item, Menu, Message, OpenLink, Text
from bot.ports.writing import ON_A_BOARD, BoardContents
from tests import person
from tests.drawing import check_drawn
from tests.examples import ADA_IN_CHAT, DELIVERED, NOW, OPERATOR, POLICY, RECORD
from tests.fakes import reminding
from tests.pages import page_of
from tests.reading import buttons_of, text_of
from tests.there import there

MANY = 200
DOMAIN = f"{'w' * 48}.onmicrosoft.com"
WHERE = {"channel": "C" * 11, "user": "U" * 11, "ts": "1" * 17}
LINKS = {f"r{n}": f"https://o365bot.example.com/c/{n:043}" for n in range(MANY)}
BIG = 64
"""Characters of a name and a domain that Microsoft takes on each side of the @."""


def asked(n: int) -> ConsentRequest:
    code = "".join(str(2 + n // 8**place % 8) for place in range(3))
    return replace(
        DELIVERED,
        id=f"r{n}",
        code=f"WWW-{code}",
        app=AppRef("contoso", f"0oa{n:017}"),
        app_label=f"{n} {'Ŵ' * 96}",
        tenant_domain=DOMAIN,
        admin_name="W" * 256,
        admin_upn=f"{'w' * BIG}@{'w' * BIG}",
        requested_by="W" * 256,
        stage=(Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.SAVED)[n % 3],
        link=None,
    )


REQUESTS = [asked(n) for n in range(MANY)]
RECORDS = [
    replace(
        RECORD,
        app=replace(RECORD.app, ref=one.app, label=one.app_label),
        tenant=RECORD.tenant and replace(RECORD.tenant, domain=DOMAIN),
        request_id=one.id,
    )
    for one in REQUESTS
]


@pytest.fixture
async def world() -> person.Asked:
    world = person.Asked(ProofKind.CHAT_ACCOUNT, signs_in=False)
    await world.ledger.commit(Changes(apps=tuple(RECORDS), requests=tuple(REQUESTS)))
    return world


async def say(world: person.Asked, words: str, *, operator: bool = False) -> Message:
    who = OPERATOR if operator else ADA_IN_CHAT
    return there(await world.conversation.answer(words, who, private=True))


async def a_round(world: person.Asked, language: str) -> Message:
    """As it is planned, and written out now."""
    items = [Open(one, record.state(NOW)) for one, record in zip(REQUESTS, RECORDS, strict=True)]
    notice = rounds.write(ADA_IN_CHAT, "x", items, Reason.ROUND, NOW.date(), None, POLICY)
    writer = reminding(world.ledger, world.clock, POLICY, language)
    return there(await writer.compose(notice, LINKS))


def put_off(message: Message) -> list[str]:
    return [
        one.words
        for one in buttons_of(message)
        if isinstance(one, Command) and one.words.startswith("later all")
    ]


def check(message: Message) -> None:
    """As blocks, as a card, as a mail; nothing that can be chosen is missing; its form opens."""
    with capture_logs() as logged:
        check_drawn(message)
    assert logged == []
    if message.form is not None:
        assert forms.view(message.form, WHERE) is not None


@pytest.mark.parametrize("language", languages())
async def test_a_round_about_many_apps_has_its_buttons(world: person.Asked, language: str) -> None:
    message = await a_round(world, language)
    check(message)
    assert len(put_off(message)) == 3


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("left", [30, 1, 0, -1])
async def test_a_digest_about_many_apps_can_be_drawn(
    world: person.Asked, language: str, left: int
) -> None:
    """In each window before the date, and after it."""
    world.clock.forward(datetime.combine(OKTA_CONSENT.on, time(9), UTC) - timedelta(left) - NOW)
    told = Campaign(windows=tuple(replace(window, audience=EVERYBODY) for window in WINDOWS))
    writer = reminding(world.ledger, world.clock, replace(POLICY, campaign=told), language)
    check(there(await writer.compose(OperatorDigest(OPERATOR, "x", "due"), {})))


@pytest.mark.parametrize("language", languages())
def test_a_board_about_many_apps_can_be_drawn(language: str) -> None:
    contents = BoardContents(
        page=page_of(RECORDS, REQUESTS, rows=ON_A_BOARD),
        scans={},
        deadline=OKTA_CONSENT,
        working_days_left=2,
        today=NOW.date(),
        now=NOW,
        org="contoso",
    )
    check(board(Words(language), contents))


@pytest.mark.parametrize(
    "words",
    [
        "mine",
        "hello",
        "later",
        "later all",
        "later all tomorrow",
        "later all whenever",
        "notes",
        *(
            f"{verb} {REQUESTS[0].code}"
            for verb in ("verify", "later", "notme", "saw", "already", "me")
        ),
        f"later {','.join(one.code for one in REQUESTS[:60])}",
        f"later {','.join(one.code for one in REQUESTS[:60])} soon",
    ],
)
async def test_what_the_asked_person_is_answered_can_be_drawn(
    world: person.Asked, words: str
) -> None:
    check(await say(world, words))


@pytest.mark.parametrize(
    "words",
    [
        "apps",
        "all",
        "all page 2",
        "apps by person",
        "apps by org",
        "apps with " + "W" * 256,
        "waivers",
        "plan",
        "deadline",
        "send all",
        "send all now",
        "notes",
        "help",
        "doctor",
        *(
            f"{verb} {REQUESTS[0].app}"
            for verb in ("why", "who", "send", "check", "unwaive", "waive")
        ),
        f"waive {REQUESTS[0].app} until 2025-03-20 because {'w' * 400}",
        f"why {'Ŵ' * 96}",
        f"deny {'w' * BIG}@{'w' * BIG}",
        f"owner {'w' * BIG}@{'w' * BIG} is {'v' * BIG}@{'w' * BIG}",
    ],
)
async def test_what_an_operator_is_answered_can_be_drawn(world: person.Asked, words: str) -> None:
    check(await say(world, words, operator=True))


async def test_one_press_puts_off_all_that_the_message_was_about(world: person.Asked) -> None:
    """Not what was put off before it, nor what came after it; and it is said how many that is."""
    await say(world, f"later {REQUESTS[3].code} 2025-03-06 14:00 the auditor")
    world.clock.forward(timedelta(seconds=1))
    message = await a_round(world, "en")
    world.clock.forward(timedelta(seconds=1))
    new = replace(asked(MANY), requested_at=world.clock.now())
    app = replace(RECORDS[0], app=replace(RECORDS[0].app, ref=new.app), request_id=new.id)
    await world.ledger.commit(Changes(apps=(app,), requests=(new,)))

    for words, until in zip(
        put_off(message)[1:], (datetime(2025, 3, 4, 9), datetime(2025, 3, 6, 9)), strict=False
    ):
        assert f"{MANY - 1} apps" in text_of(await say(world, words))
        found = [(await world.request(one.id)).snooze for one in (*REQUESTS, new)]
        assert found[MANY] is None
        assert found[3] is not None
        assert (found[3].local, found[3].reason) == (datetime(2025, 3, 6, 14), "the auditor")
        del found[MANY], found[3]
        assert {one.local for one in found if one} == {until}  # pressed anew, it counts again
        assert None not in found


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("later all", Later("all")),
        ("Later: all of them", Later("all")),
        ("später alle Apps", Later("all")),
        ("later everything?", Later("all")),
        ("later all tomorrow 14:00", Later("all", reason="tomorrow 14:00")),
        ("later alle, Freitag", Later("all", reason="Freitag")),
        ("later all 2026-12-04T17:30", Later("all", datetime(2026, 12, 4, 17, 30))),
        (
            "later all-20261203T081500000001 2026-12-04T17:30",
            Later(
                "all",
                datetime(2026, 12, 4, 17, 30),
                shown=datetime(2026, 12, 3, 8, 15, 0, 1, tzinfo=UTC),
            ),
        ),
        ("later all-20269903T081500000001 soon", Later("ALL-20269903T081500000001", reason="soon")),
    ],
)
def test_all_that_waits_is_put_off_by_one_word(words: str, command: Later) -> None:
    """The word of the button, and what people type; another word is a code."""
    assert parse(words) == command


async def test_all_is_what_waits_now_where_it_is_typed(world: person.Asked) -> None:
    await say(world, f"later {REQUESTS[3].code} 2025-03-06 14:00")
    world.clock.forward(timedelta(seconds=1))
    assert f"these {MANY - 1} apps" in text_of(await say(world, "later all"))
    assert f"{MANY - 1} apps" in text_of(await say(world, "later all tomorrow"))
    assert "all" not in put_off(await say(world, "later all"))


def test_an_option_that_slack_would_not_take_is_left_out_alone() -> None:
    """What is said and what else can be pressed stays; the log says what is missing."""
    fits, long = Command("a", "A", "why a"), Command("b", "B", "w" * 151)
    opened = OpenLink("c", "C", "javascript:alert(1)")
    with capture_logs() as logged:
        drawn = render(
            Message(
                "x",
                (
                    Text("x"),
                    Buttons((Menu("m", "M", (fits, long)), Menu("n", "N", (long,)))),
                    Group((Item("i", "", (), fits, (long, fits, opened)),)),
                ),
            )
        )
    options = [
        [option["value"] for option in one["options"]]
        for block in drawn.blocks
        for one in block.get("elements", ())
        if "options" in one
    ]
    assert options == [["why a"], ["why a"]]
    assert {one["option"][0] for one in logged} == {"b", "c"}


def test_no_id_is_longer_than_slack_takes() -> None:
    ways = tuple(Command("i" * 300, "A", "why a") for _ in range(3))
    check(Message("x", (Group((Item("i", "", (), ways[0], ways[1:]),)), Buttons(ways, ways))))
