"""An operator accepts an app as it is: what is typed, what follows, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.chat.typed.commands import ListApps, Unwaive, Waive
from bot.chat.typed.times.waiver_words import read_term, read_waiver
from bot.chat.typed.understanding import parse
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.delivery.notices import RequestChanged
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import WARNED_BEFORE, Waiver
from bot.domain.people.news import News, NewsKind
from bot.domain.summaries import Part, Wanted
from bot.domain.time.calendar import Calendars
from bot.message import Command
from bot.services.inventory.verdicts import Verdicts
from tests.examples import APP, NOW, OPERATOR, RECORD, TENANT
from tests.reading import buttons_of, text_of
from tests.there import there
from tests.unit.talk import OWN, TwoApps

CALENDAR = Calendars(ZoneInfo("Europe/Berlin")).of("")
IN_WINTER = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
SOON = "2025-04-30"


# ------------------------------------------------------------------ what is typed


@pytest.mark.parametrize(
    ("said", "app", "until", "why"),
    [
        (
            "Office 365 Kiosk until 2027-01-31 because it is retired in January",
            *("Office 365 Kiosk", date(2027, 1, 31), "it is retired in January"),
        ),
        ("Kiosk bis 31.01.2027 weil es endet", "Kiosk", date(2027, 1, 31), "es endet"),
        ("Kiosk bis zum 31.1.2027, weil es endet", "Kiosk", date(2027, 1, 31), "es endet"),
        ("“Kiosk” until 2027-01-31: it ends", "Kiosk", date(2027, 1, 31), "it ends"),
        ("Kiosk until 2027-01-31, because it ends", "Kiosk", date(2027, 1, 31), "it ends"),
        ("Kiosk for 3 weeks because it ends", "Kiosk", date(2026, 12, 20), "it ends"),
        ("Kiosk für 3 Wochen, weil es endet", "Kiosk", date(2026, 12, 20), "es endet"),
        ("Kiosk until tomorrow since it ends", "Kiosk", date(2026, 11, 30), "it ends"),
        ("Mail for Sales until 2027-01-31 because no", "Mail for Sales", date(2027, 1, 31), "no"),
        ("Kiosk until 2027-01-31", "Kiosk", date(2027, 1, 31), ""),
        ("Kiosk until 2027-01-31 because", "Kiosk", date(2027, 1, 31), ""),
        ("Kiosk until 2027-02-31 because it ends", "Kiosk", None, ""),
        ("Kiosk until further notice", "Kiosk", None, ""),
        ("until 2027-01-31 because it ends", "", date(2027, 1, 31), "it ends"),
    ],
)
def test_app_end_and_reason_are_read_as_people_type_them(
    said: str, app: str, until: date | None, why: str
) -> None:
    """In English and in German, with the commas and quotes that belong there."""
    found, term, sure = read_waiver(said)
    read = read_term(term, IN_WINTER, CALENDAR)
    assert (found, read.until, read.why, sure) == (app, until, why, False)


def test_the_commands_about_waivers() -> None:
    """With and without what belongs to them."""
    assert parse("waive Kiosk until 2027-01-31 because no") == Waive(
        "Kiosk", "2027-01-31 because no"
    )
    assert parse("waive sure contoso/0oa1 until 2027-01-31 because no") == Waive(
        "contoso/0oa1", "2027-01-31 because no", sure=True
    )
    assert parse("waive Sure Thing until tomorrow because no") == Waive(
        "Sure Thing", "tomorrow because no"
    )
    assert parse("waive Kiosk") == Waive("Kiosk")
    assert parse("waive") == Waive("")
    assert parse("unwaive Kiosk") == Unwaive("Kiosk")
    assert parse("waivers 2") == ListApps(2, Wanted(Part.WAIVED))


# ------------------------------------------------------------------ what is answered


@pytest.fixture
async def world() -> TwoApps:
    world = TwoApps()
    await world.say("apps")
    return world


async def record(world: TwoApps, ref: AppRef = APP.ref) -> AppRecord:
    return there(await world.ledger.app(ref))


async def waived(world: TwoApps, until: str = SOON) -> AppRecord:
    """Contoso O365, accepted by pressing the button."""
    asked = await world.say(f"waive contoso o365 until {until} because it is retired")
    (yes,) = [b for b in buttons_of(asked) if isinstance(b, Command) and b.id == "waive"]
    await world.say(yes.words)
    return await record(world)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("waive", "Say “waive APP until"),
        ("waive contoso o365", "A waiver always ends"),
        ("waive contoso o365 because it is retired", "A waiver always ends"),
        ("waive contoso o365 until further notice", "I cannot tell the day in “further notice”"),
        ("waive contoso o365 until 2025-02-31 because no", "I cannot tell the day"),
        (f"waive contoso o365 until {SOON}", "Why?"),
        ("waive contoso o365 until 2025-03-02 because no", "That day has passed"),
        ("waive contoso o365 until 2029-01-01 because no", "at most"),
        (f"waive nothing like it until {SOON} because no", "I do not know an Office 365 app"),
        (f"waive contoso eu until {SOON} because no", "there is nothing to accept"),
        ("unwaive contoso o365", "no waiver to take back"),
        ("unwaive", "Which app?"),
    ],
)
async def test_what_is_missing_or_impossible_is_said_with_what_to_say_instead(
    world: TwoApps, said: str, answer: str
) -> None:
    """And nothing is written."""
    before = await record(world)
    assert answer in text_of(await world.say(said))
    assert await record(world) == before


async def test_the_last_day_that_may_be_is_taken(world: TwoApps) -> None:
    """The longest is 180 days, which is the setting as it stands."""
    latest = (NOW + timedelta(days=180)).date()
    assert (await waived(world, latest.isoformat())).is_waived
    refused = text_of(await world.say(f"waive 0oa1 until {latest + timedelta(1)} because no"))
    assert "August 30, 2025" in refused


async def test_what_it_does_is_read_before_it_is_done(world: TwoApps) -> None:
    """Others see the list and are reminded: one press more, and nothing before."""
    await world.say("send contoso o365")
    before = await record(world)
    message = await world.say(f"waive contoso o365 until {SOON} because it is retired")
    said = text_of(message)
    assert "Accept Contoso O365 as it is?" in said
    assert "it is retired" in said
    assert "Ada Moreau was asked about it" in said
    assert await record(world) == before


async def test_it_leaves_list_counts_and_reminders_and_ends_the_request(world: TwoApps) -> None:
    """Whoever was asked is told kindly; the audit has who, until when and why."""
    await world.say("send contoso o365")
    app = await waived(world)
    (request,) = await world.ledger.requests_for(APP.ref)
    assert (app.request_id, request.stage) == ("", Stage.REVOKED)
    notice = RequestChanged(request.chat, request.id, request.revision)
    told = [d.notice for d in (await world.ledger.deliveries(await due(world))).values()]
    assert notice in told
    assert "0 Office 365 apps left" in text_of(await world.say("apps"))
    assert "One more app is accepted as it is" in text_of(await world.say("apps"))
    assert "Until April 30, 2025, says Olga: it is retired" in text_of(await world.say("all"))
    assert "until April 30, 2025, by Olga: it is retired" in text_of(await world.say("why 0oa1"))
    assert "“unwaive Contoso O365” first" in text_of(await world.say("send contoso o365"))
    entry = next(e for e in await world.ledger.audit() if e.action == "waive")
    assert (entry.actor, entry.subject) == (str(OPERATOR), str(APP.ref))
    assert entry.detail == {"until": SOON, "why": "it is retired", "request": request.id}
    listed = text_of(await world.say("waivers"))
    assert all(w in listed for w in ("Contoso O365", "April 30, 2025", "Olga", "it is retired"))


async def due(world: TwoApps) -> tuple[str, ...]:
    return await world.ledger.due(NOW + timedelta(days=999), 99)


async def test_it_can_be_taken_back_and_renewed(world: TwoApps) -> None:
    """At once, with an audit line each."""
    await waived(world)
    assert there((await waived(world, "2025-05-31")).waiver).until == date(2025, 5, 31)
    assert "Contoso O365 is open again" in text_of(await world.say("unwaive contoso o365"))
    assert "One Office 365 app left" in text_of(await world.say("apps"))
    assert "No app is accepted as it is" in text_of(await world.say("waivers"))
    actions = [e.action for e in await world.ledger.audit() if "waive" in e.action]
    assert actions == ["unwaive", "waive", "waive"]


async def test_a_scan_never_loses_it_and_shows_what_turns_out_migrated(world: TwoApps) -> None:
    """The look goes on; what is done is done, accepted or not."""
    app = await waived(world)
    await world.say("check contoso o365")
    assert (await record(world)).waiver == app.waiver
    assert (await record(world)).revision > app.revision
    world.clock.forward(timedelta(days=1))
    now = world.clock.now()
    made = Evidence(EvidenceKind.PROVISIONING_APP_CREATED, now, now, event_id="e10")
    world.okta.log = {"0oa1": (made,), "0oa2": (OWN,)}
    world.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_CONSENTED, now),)
    await world.say("check contoso o365")
    page = await world.ledger.page(1, 15, Wanted(Part.ALL))
    assert page.counts[State.MIGRATED] == 2
    assert page.waived == 0


# ------------------------------------------------------------------ how it ends


async def test_a_week_before_its_end_each_operator_is_warned_once(world: TwoApps) -> None:
    """Also when the app was looked at meanwhile."""
    app = await waived(world)
    at = there(app.waiver).warns_at
    assert at == datetime(2025, 5, 1, tzinfo=UTC) - WARNED_BEFORE
    looked = replace(app, assessed_at=at + timedelta(hours=1), revision=app.revision + 1)
    await world.ledger.commit(Changes(apps=(looked,)))
    verdicts = Verdicts(ledger=world.ledger, engine=world.engine, operators=(OPERATOR,))
    for _ in range(3):
        await verdicts.renew(at + timedelta(hours=2))
    known = there(await world.ledger.recipient(OPERATOR))
    assert known.news == (News(NewsKind.WAIVER_ENDS, str(APP.ref)),)
    assert (await record(world)).is_waived


async def test_it_ends_by_itself_with_the_day_and_the_boards_hear_of_it(world: TwoApps) -> None:
    """The app is open again, and the audit says so."""
    await waived(world)
    verdicts = Verdicts(ledger=world.ledger, engine=world.engine)
    end = datetime(2025, 5, 1, tzinfo=UTC)
    for now in (end - WARNED_BEFORE, end - timedelta(seconds=1)):
        await verdicts.renew(now)
        assert (await record(world)).is_waived
    await verdicts.renew(end)
    assert not (await record(world)).is_waived
    assert (await world.ledger.page(1, 15)).open == 1
    assert (await world.ledger.audit())[0].action == "waiver_over"


def test_a_waiver_shorter_than_its_warning_warns_nobody() -> None:
    """Whoever says "until tomorrow" knows."""
    ends = NOW + timedelta(days=1)
    waiver = Waiver(ends.date(), ends, "no", "slack:U9", "Olga", NOW, warned=True)
    app = replace(RECORD, waiver=waiver, assessed_at=NOW)
    assert app.holds_until == ends
