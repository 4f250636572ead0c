"""What an Okta org may answer instead of what it documents, and what becomes of the inventory.

Each is a typed error with the org, the call and what to do, and ends in the scan's failure; the
last good inventory stays, and its age is told.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.http.answers import MAX_BODY_BYTES
from bot.chat.inventory.overview import overview
from bot.chat.words import Words
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.summaries import Part, Wanted
from bot.services.inventory.scan import Scan
from sandbox.keys import SigningKey, self_signed
from tests.contract.loopback import SteppingClock, answering, http_bytes
from tests.contract.okta_org import APPS, LOGS, app_json, client_for
from tests.contract.pretend_okta import PretendOkta, error, says
from tests.fake_ledger import FakeLedger
from tests.serving import served

pytestmark = pytest.mark.usefixtures("no_waiting")

IDS = ("0oa1", "0oa2")
CONNECTION = f"{APPS}/0oa1/connections/default"
ASSIGNEES = "/api/v1/iam/assignees/users"
Resource = Callable[[Request], Response]


@dataclass
class TwoOrgs:
    """Two orgs with two apps each, scanned once when all was well."""

    orgs: dict[str, PretendOkta]
    scan: Scan
    ledger: FakeLedger
    clock: SteppingClock

    async def look(self) -> OrgScan:
        """A quarter of an hour later, everything is read again."""
        self.clock.forward(15 * 60)
        broken, fine = await asyncio.gather(
            self.scan.org("contoso", full=True), self.scan.org("fabrikam", full=True)
        )
        assert fine.failure == "", "one org's failure touches no other"
        assert fine.finished_at == self.clock.now()
        return broken

    async def records(self) -> dict[str, AppRecord]:
        return {r.app.ref.app_id: r for r in await self.ledger.apps("contoso")}


def well(okta: PretendOkta) -> None:
    """Everything is as documented."""
    okta.resources[APPS] = says([app_json(app_id) for app_id in IDS])
    okta.resources[LOGS] = says([])
    okta.resources[ASSIGNEES] = says({"value": []})
    for app_id in IDS:
        on = {"status": "ENABLED", "profile": {"authScheme": "OAUTH2"}}
        okta.resources[f"{APPS}/{app_id}/connections/default"] = says(on)


@asynccontextmanager
async def _org(clock: SteppingClock) -> AsyncIterator[PretendOkta]:
    made: list[PretendOkta] = []

    def make(url: str) -> PretendOkta:
        made.append(PretendOkta(url, clock.seconds))
        well(made[0])
        return made[0]

    async with served(make):
        yield made[0]


@pytest.fixture
async def orgs() -> AsyncIterator[TwoOrgs]:
    clock = SteppingClock()
    async with _org(clock) as contoso, _org(clock) as fabrikam:
        ledger = FakeLedger()
        orgs = {"contoso": contoso, "fabrikam": fabrikam}
        clients = {name: client_for(okta.url, clock, name=name) for name, okta in orgs.items()}
        scan = Scan(orgs=clients, entra=None, ledger=ledger, clock=clock)
        for name in clients:
            assert (await scan.org(name)).failure == ""
        yield TwoOrgs(orgs, scan, ledger, clock)
        for client in clients.values():
            await client.aclose()


def body(content: bytes, kind: str = "application/json") -> Resource:
    return lambda request: Response(content, media_type=kind)


def next_is(link: str) -> Resource:
    return says([app_json("0oa1")], headers={"link": f'<{link}>; rel="next"'})


BAD: dict[str, tuple[Resource, str]] = {
    "truncated JSON": (body(b'[{"id": "0oa1", "na'), "not complete JSON"),
    "an HTML error page": (lambda r: HTMLResponse("<html>Sign in</html>"), "web page"),
    "an object for a list": (says({"apps": []}), "where an array is documented"),
    "nothing": (body(b""), "where an array is documented"),
    "10 MB and more": (body(b'["' + b"x" * MAX_BODY_BYTES + b'"]'), "longer than"),
    "next on another host": (next_is("https://evil.example.com" + APPS), "another host"),
    "next to another resource": (next_is("/api/v1/users?after=1"), "no page of it"),
    "a redirect": (says(None, 302, {"location": "https://evil.example.com"}), "redirect"),
    "a permission that is gone": (lambda r: error(403, "E0000006"), "okta.apps.read"),
    "an org that is down": (lambda r: error(503, "E0000009"), "503"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_list_that_is_wrong_ends_the_scan_and_keeps_the_inventory(
    orgs: TwoOrgs, name: str
) -> None:
    """The failure says org, call and what is wrong; apps, states and their age stay."""
    answer, words = BAD[name]
    before, good = await orgs.records(), (await orgs.ledger.scans())["contoso"]
    orgs.orgs["contoso"].resources[APPS] = answer
    scan = await orgs.look()
    assert words in scan.failure
    assert "contoso" in scan.failure
    assert APPS in scan.failure
    assert scan.finished_at == good.finished_at
    assert await orgs.records() == before
    well(orgs.orgs["contoso"])
    assert (await orgs.look()).failure == ""


async def test_pages_in_a_circle_end_the_scan(orgs: TwoOrgs) -> None:
    """A `next` that was followed before."""
    contoso = orgs.orgs["contoso"]
    contoso.resources[APPS] = next_is(f"{contoso.url}{APPS}?after=1")
    assert "read before" in (await orgs.look()).failure


async def test_a_clock_that_is_off_is_named(orgs: TwoOrgs) -> None:
    """Tokens cannot be had; the failure says by how much, and what to do."""
    orgs.orgs["contoso"].revoke()
    orgs.orgs["contoso"].company.clock = time.time
    orgs.clock.forward(3600)
    scan = await orgs.scan.org("contoso", full=True)
    assert "clock is" in scan.failure
    assert "correct it" in scan.failure


async def test_unknown_words_and_missing_fields_cost_nothing(orgs: TwoOrgs) -> None:
    """A status of tomorrow, no settings, a connection without a profile."""
    contoso = orgs.orgs["contoso"]
    odd = {"id": "0oa3", "status": "HIBERNATING", "settings": None, "features": 7}
    contoso.resources[APPS] = says([app_json("0oa1"), odd, {"id": "0oa2", "status": "ACTIVE"}])
    contoso.resources[CONNECTION] = says({"status": "SIMMERING"})
    assert (await orgs.look()).failure == ""
    states = {
        app_id: record.state(orgs.clock.now()) for app_id, record in (await orgs.records()).items()
    }
    assert states == {
        "0oa1": State.NEEDS_REVIEW,
        "0oa2": State.NEEDS_REVIEW,
        "0oa3": State.NOT_APPLICABLE,
    }


async def test_a_list_of_what_are_no_apps_is_told_in_one_line(
    orgs: TwoOrgs,
) -> None:
    """However long it is: a line for each would fill the disk, and hold up everybody."""
    orgs.orgs["contoso"].resources[APPS] = says([app_json("0oa1"), *range(5000)])
    with structlog.testing.capture_logs() as logs:
        assert (await orgs.look()).failure == ""
    assert "0oa1" in await orgs.records()
    assert [one["count"] for one in logs if "without an id" in one["event"]] == [5000]


async def test_a_connection_that_is_wrong_costs_its_own_app_only(orgs: TwoOrgs) -> None:
    """It is unreadable and says why; what was known of it stays beside that."""
    for name in sorted(set(BAD) - {"an object for a list", "nothing"}):
        answer, words = BAD[name]
        orgs.orgs["contoso"].resources[CONNECTION] = answer
        assert (await orgs.look()).failure == "", name
        records = await orgs.records()
        if name.startswith("next"):  # a connection has no pages
            words = "where an object is documented"
        states = (
            records["0oa1"].state(orgs.clock.now()),
            records["0oa2"].state(orgs.clock.now()),
        )
        assert states == (State.UNREADABLE, State.NEEDS_REVIEW), name
        [failed] = [e for e in records["0oa1"].evidence if e.kind is EvidenceKind.READ_FAILED]
        assert (failed.detail["where"], failed.detail["call"]) == ("contoso", f"GET {CONNECTION}")
        assert words in failed.detail["says"] + failed.detail.get("missing", "")
        assert EvidenceKind.CONNECTION_ON in {e.kind for e in records["0oa1"].evidence}


async def test_a_log_that_is_wrong_costs_its_evidence_only(orgs: TwoOrgs) -> None:
    """The apps keep their state, each with a line about the log; the cursor stays."""
    cursor = (await orgs.ledger.scans())["contoso"].log_cursor
    for name, (answer, _) in BAD.items():
        orgs.orgs["contoso"].resources[LOGS] = answer
        scan = await orgs.look()
        assert (scan.failure, scan.log_cursor) == ("", cursor), name
        for record in (await orgs.records()).values():
            assert record.state(orgs.clock.now()) is State.NEEDS_REVIEW
            [failed] = [e for e in record.evidence if e.kind is EvidenceKind.READ_FAILED]
            assert failed.detail["call"] == f"GET {LOGS}"


async def test_a_wrong_certificate_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    """Somebody stands in between: no request, so no token, ever reaches them."""
    key = await asyncio.to_thread(SigningKey.generate, "tls")
    certificate, _ = self_signed(key, "contoso.okta.com")
    pem = tmp_path / "tls.pem"
    pem.write_text(certificate + key.private_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        clock, ledger = SteppingClock(), FakeLedger()
        client = client_for(f"https://127.0.0.1:{port}", clock)
        scan = Scan(orgs={"contoso": client}, entra=None, ledger=ledger, clock=clock)
        failure = (await scan.org("contoso")).failure
        await client.aclose()
    assert "certificate is not trusted" in failure
    assert "SSL_CERT_FILE" in failure
    assert heard == []


async def test_an_answer_that_breaks_off_is_an_org_that_cannot_be_reached() -> None:
    """Less came than was announced."""
    async with answering(http_bytes(b"[", length=500)) as (url, _):
        clock = SteppingClock()
        client = client_for(url, clock)
        scan = Scan(orgs={"contoso": client}, entra=None, ledger=FakeLedger(), clock=clock)
        assert "contoso could not be reached" in (await scan.org("contoso")).failure
        await client.aclose()


async def test_the_list_of_apps_shows_the_failure_and_the_age(orgs: TwoOrgs) -> None:
    """Whoever asks sees the last good inventory, how old it is, and why it is not newer."""
    orgs.orgs["contoso"].resources[APPS] = BAD["an HTML error page"][0]
    await orgs.look()
    now = orgs.clock.now() + timedelta(minutes=5)
    scans = await orgs.ledger.scans()
    told = {"contoso": scans["contoso"], "fabrikam": replace(scans["fabrikam"], finished_at=now)}
    page = await orgs.ledger.page(1, 15, Wanted(Part.ALL))
    shown = str(overview(Words("en"), page, told, now, wanted=Wanted(Part.ALL)))
    assert "web page" in shown
    assert Words("en").ago(now - timedelta(minutes=20), now) in shown


async def test_a_look_under_way_is_shown_beside_what_is_known(orgs: TwoOrgs) -> None:
    """On any replica: how far it is, and how old the rest is."""
    scans = dict(await orgs.ledger.scans())
    now = orgs.clock.now() + timedelta(minutes=5)
    scans["contoso"] = replace(scans["contoso"], started_at=now, done=140, apps=200)
    page = await orgs.ledger.page(1, 15, Wanted(Part.ALL))
    shown = str(overview(Words("en"), page, scans, now, wanted=Wanted(Part.ALL)))
    assert "contoso: checked 140 of 200" in shown
    assert Words("en").ago(now - timedelta(minutes=5), now) in shown
