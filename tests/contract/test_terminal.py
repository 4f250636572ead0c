"""`o365bot scan`, `apps` and `why` as a process of their own, against the pretend company."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.redis.server.embedded import EmbeddedStore
from sandbox.world import World
from tests.terminal import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(keys: Path) -> AsyncIterator[World]:
    """The company, up for all tests of this file."""
    async with World(key_directory=keys, page_port=None) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def terminal(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Terminal]:
    """A terminal whose store is in use by somebody else, as beside a running bot; scanned once."""
    home = tmp_path_factory.mktemp("home")
    terminal = Terminal(world.settings_toml("http://127.0.0.1:8080", home))
    async with EmbeddedStore(home / "var" / "store"):
        scanned = await terminal.run("scan")
        assert scanned.status == 0, scanned.err
        assert "contoso" in scanned.out
        assert "fabrikam" in scanned.out
        yield terminal


async def test_a_scan_of_one_org_leaves_the_others_alone(terminal: Terminal) -> None:
    """And can be made to read everything."""
    ran = await terminal.run("scan", "--org", "fabrikam", "--full")
    assert ran.status == 0
    assert "fabrikam" in ran.out
    assert "contoso" not in ran.out


async def test_every_app_is_shown_the_most_pressing_first(terminal: Terminal) -> None:
    """In groups, with what each needs above them."""
    ran = await terminal.run("apps")
    assert ran.status == 0, ran.err
    for words in ("apps left", "scanned just now", "Office 365 HQ", "contoso"):
        assert words in ran.out
    assert ran.out.index("Global Administrator’s consent") < ran.out.index("Migrated")


async def test_json_holds_nothing_but_json(terminal: Terminal) -> None:
    """Filtered by org and state; all of it from the last look."""
    everything = json.loads((await terminal.run("apps", "--json")).out)
    assert {org["org"] for org in everything["orgs"]} == {"contoso", "fabrikam"}
    assert sum(everything["counts"].values()) == len(everything["apps"]) > 8
    ran = await terminal.run("apps", "--org", "fabrikam", "--state", "migrated", "--json")
    found = json.loads(ran.out)
    assert {(app["org"], app["state"]) for app in found["apps"]} == {("fabrikam", "migrated")}


async def test_the_plan_is_a_table_of_who_gets_what(terminal: Terminal) -> None:
    """Reminders go to whoever was asked; simulated from a date on, each of them is a line."""
    ran = await terminal.run("plan", "60d")
    assert ran.status == 0, ran.err
    head, *lines = [line for line in ran.out.splitlines() if "  " in line]
    assert head.split() == ["Who", "When", "What", "Why"]
    assert lines


async def test_csv_has_a_line_for_every_app(terminal: Terminal) -> None:
    """The same apps as in JSON."""
    everything = json.loads((await terminal.run("apps", "--json")).out)
    rows = list(csv.DictReader(io.StringIO((await terminal.run("apps", "--csv")).out)))
    assert [row["app_id"] for row in rows] == [app["app_id"] for app in everything["apps"]]


async def test_why_tells_evidence_age_reasons_and_people(terminal: Terminal) -> None:
    """In words, and as JSON."""
    ran = await terminal.run("why", "office 365 hq")
    assert ran.status == 0, ran.err
    for words in ("Office 365 HQ", "Next:", "How I know: likely", "whom I would ask"):
        assert words in ran.out
    found = json.loads((await terminal.run("why", "office 365 hq", "--json")).out)
    assert found["label"] == "Office 365 HQ"
    assert {"because", "beside"} >= {item["counts_as"] for item in found["evidence"]} >= {"because"}
    kinds = {item["kind"] for item in found["evidence"]}
    assert "domain_in_tenant" in kinds


async def test_an_app_is_accepted_as_it_is_listed_and_taken_back(terminal: Terminal) -> None:
    """With a reason and an end; a program sees it, too."""
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    words = ("waive", "office 365 hq", "--until", until, "--because", "It is retired.")
    ran = await terminal.run(*words, "--yes")
    assert (ran.status, ran.err) == (0, "")
    assert "Office 365 HQ is accepted as it is" in ran.out
    listed = await terminal.run("waivers")
    assert all(one in listed.out for one in ("Office 365 HQ", "It is retired"))
    apps = json.loads((await terminal.run("apps", "--json")).out)["apps"]
    (waived,) = [app["waived"] for app in apps if app["label"] == "Office 365 HQ"]
    assert (waived["until"], waived["why"]) == (until, "It is retired")
    assert "is open again" in (await terminal.run("unwaive", "office 365 hq")).out
    assert "No app is accepted as it is" in (await terminal.run("waivers")).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("waive", "office 365 hq"), "A waiver always ends"),
        (("waive", "office 365 hq", "--until", "soon", "--because", "x"), "I cannot tell the day"),
        (("waive", "office 365 hq", "--until", "2099-01-01"), "Why?"),
        (
            ("waive", "office 365 hq", "--until", "2001-01-01", "--because", "x"),
            "That day has passed",
        ),
        (("waive", "office 365 hq", "--until", "2099-01-01", "--because", "x"), "at most"),
        (("unwaive", "office 365 hq"), "no waiver to take back"),
    ],
)
async def test_a_waiver_that_cannot_be_ends_with_2_and_says_what_to_say(
    terminal: Terminal, words: tuple[str, ...], said: str
) -> None:
    """On standard error; nothing is written."""
    ran = await terminal.run(*words)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("apps", "--help"), ("--org NAME", "--state STATE", "--config -c FILE")),
        (("plan", "--help"), ("--simulate-from DATE",)),
    ],
)
async def test_help_names_what_an_option_takes_as_the_docs_do(
    terminal: Terminal, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    """`--org NAME` as in docs/terminal.md, no type of a programming language."""
    shown = " ".join((await terminal.run(*words)).out.split())
    assert all(one in shown for one in said)
    assert "list[" not in shown


async def test_the_campaign_is_explained_with_who_is_told_and_whose_holidays_count(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Operators where a date can be saved; a region beside its country."""
    usual = await terminal.run("campaign")
    assert usual.status == 0, usual.err
    told = [line for line in usual.out.splitlines() if "the operators" in line]
    assert [line.split()[0] for line in told] == ["close", "the"]
    assert "at most 3 messages in seven days" in " ".join(usual.out.split())
    region = tmp_path / "region.toml"
    given = '[campaign]\ncountry = "DE-BY"\ncountries = {"Europe/Berlin" = "DE-BE"}\npatience = 1\n'
    region.write_text(terminal.config.read_text() + given)
    there = " ".join((await Terminal(region).run("campaign")).out.split())
    assert "DE-BY, Europe/Berlin DE-BE" in there
    assert "left alone for 1 working day." in there


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("why", "no such thing"), "no such thing"),
        (("why", "Office"), "several apps"),
        (("apps", "--json", "--csv"), "not both"),
        (("apps", "--org", "northwind"), "northwind"),
        (("scan", "--org", "northwind"), "northwind"),
        (("apps", "--state", "gone"), "gone"),
    ],
)
async def test_what_cannot_be_done_ends_with_2_and_says_why(
    terminal: Terminal, words: tuple[str, ...], says: str
) -> None:
    """On standard error; nothing half-done on standard output."""
    ran = await terminal.run(*words)
    assert ran.status == 2
    assert says in " ".join(ran.err.split())
    assert ran.out == ""
    assert "Traceback" not in ran.err


async def test_wrong_settings_end_with_2(terminal: Terminal, tmp_path: Path) -> None:
    """Every command tells which key it is."""
    broken = tmp_path / "broken.toml"
    broken.write_text('public_url = "https://o365bot.example.com"\n')
    ran = await Terminal(broken).run("apps")
    assert ran.status == 2
    assert "okta" in ran.err


async def test_an_org_that_is_away_ends_with_1_and_what_is_known_stays(
    terminal: Terminal, tmp_path: Path
) -> None:
    """The others are looked at, and the list says how old it is."""
    away = tmp_path / "away.toml"
    text = terminal.config.read_text()
    url = next(line for line in text.splitlines() if line.startswith('url = "'))
    away.write_text(text.replace(url, 'url = "http://127.0.0.1:9"', 1))
    ran = await Terminal(away).run("scan")
    assert ran.status == 1, ran.err
    listed = await terminal.run("apps", "--json")
    assert listed.status == 1
    orgs = {org["org"]: org["failure"] for org in json.loads(listed.out)["orgs"]}
    assert sum(failure is not None for failure in orgs.values()) == 1
    assert len(json.loads(listed.out)["apps"]) > 8


async def test_a_command_loads_no_chat_platform_no_web_server_and_no_engine() -> None:
    """It starts at once, and works where those could not."""
    script = (
        "import sys, bot.__main__, bot.wiring.base;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('slack_bolt', 'slack_sdk', 'botbuilder', 'uvicorn')])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"
