"""The System Log by its cursor: kept verbatim, followed only where it belongs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.okta.system_log import FILTER
from bot.domain.evidence.rules import EvidenceKind
from bot.errors import CloudRefused
from tests.contract.loopback import SteppingClock
from tests.contract.okta_org import HQ, LOGS, Org, client_for, event
from tests.contract.pretend_okta import PretendOkta, error
from tests.serving import served

SINCE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SAVED = "application.lifecycle.update"
OURS = frozenset({HQ})


class Log:
    """Answers pages by their place; `events` grows while the test runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.events: list[dict[str, object]] = []
        self.refused: set[str] = set()

    def __call__(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if after in self.refused:
            return error(400, "E0000001")
        page = self.events[int(after) :][:2]
        place = int(after) + len(page)
        link = f'<{self.url}{LOGS}?after={place}&filter={quote(FILTER)}>; rel="next"'
        return JSONResponse(page, headers={"link": link})


@pytest.fixture
async def org() -> AsyncIterator[Org]:
    """An org whose log is read."""
    made: list[PretendOkta] = []
    clock = SteppingClock()

    def make(url: str) -> PretendOkta:
        made.append(PretendOkta(url, clock.seconds))
        made[0].resources[LOGS] = Log(url)
        return made[0]

    async with served(make) as url:
        client = client_for(url, clock)
        yield Org(client, made[0], clock)
        await client.aclose()


def log_of(org: Org) -> Log:
    log = org.okta.resources[LOGS]
    assert isinstance(log, Log)
    return log


async def test_the_next_read_goes_on_where_the_last_one_ended(org: Org) -> None:
    """Also from an empty log; the cursor is Okta's own link, as it stands."""
    empty = await org.client.read_log(OURS, "", SINCE)
    assert empty.cursor.startswith(f"{org.okta.url}{LOGS}?after=0&filter=")
    log_of(org).events += [event(SAVED, uuid=f"u{n}") for n in range(3)]
    three = await org.client.read_log(OURS, empty.cursor, SINCE)
    assert [e.event_id for e in three.evidence[HQ]] == ["u0", "u1", "u2"]
    assert three.changed == OURS
    log_of(org).events.append(event(SAVED, uuid="u3"))
    one = await org.client.read_log(OURS, three.cursor, SINCE)
    assert [e.event_id for e in one.evidence[HQ]] == ["u3"]


async def test_nothing_new_costs_one_call(org: Org) -> None:
    """A poll that finds nothing ends there."""
    cursor = (await org.client.read_log(OURS, "", SINCE)).cursor
    org.okta.calls.clear()
    nothing = await org.client.read_log(OURS, cursor, SINCE)
    assert (nothing.evidence, nothing.changed, nothing.cursor) == ({}, frozenset(), cursor)
    assert org.okta.calls == [LOGS]


async def test_an_event_that_proves_nothing_still_names_its_app(org: Org) -> None:
    """It is a reason to look at the app, and no evidence."""
    log_of(org).events.append(event("app.office365.api.error.push.profile"))
    read = await org.client.read_log(OURS | {"0oaother"}, "", SINCE)
    assert (read.evidence, read.changed) == ({}, OURS)


@pytest.mark.parametrize("refusal", [400, 404, 410])
async def test_a_cursor_that_the_org_refuses_falls_back_to_the_moment(
    org: Org, refusal: int
) -> None:
    """It may have outlived the log; nothing is lost, since events are told apart by their id."""
    log = log_of(org)
    log.events.append(event(SAVED))
    cursor = (await org.client.read_log(OURS, "", SINCE)).cursor

    def refuse(request: Request) -> Response:
        old = request.query_params.get("after") == "1" and "since" not in request.query_params
        return (
            error(refusal, "E0000001")
            if old and len(org.okta.calls) == before + 1
            else log(request)
        )

    before = len(org.okta.calls)
    org.okta.resources[LOGS] = refuse
    again = await org.client.read_log(OURS, cursor, SINCE)
    assert [e.kind for e in again.evidence[HQ]] == [EvidenceKind.SETTINGS_SAVED]
    query = httpx.QueryParams(org.okta.queries[before + 1])
    assert query["since"] == "2026-03-01T08:50:00.000Z"


async def test_a_missing_scope_is_no_reason_to_ask_twice(org: Org) -> None:
    """The answer would be the same."""
    cursor = (await org.client.read_log(OURS, "", SINCE)).cursor
    org.okta.resources[LOGS] = lambda request: error(403, "E0000006")
    org.okta.calls.clear()
    with pytest.raises(CloudRefused):
        await org.client.read_log(OURS, cursor, SINCE)
    assert org.okta.calls == [LOGS]


@pytest.mark.parametrize(
    "cursor",
    [
        "https://evil.example.com/api/v1/logs?after=1",
        "{url}/api/v1/users?after=1",
        "{url}/api/v1/logs/../users",
        "{url}/api/v1/logs?after=1&filter=eventType+eq+%22something.else%22",
        "/api/v1/users",
        "//evil.example.com/api/v1/logs",
        "http://[",
        "not a link",
    ],
)
async def test_a_cursor_of_another_place_or_question_is_not_followed(org: Org, cursor: str) -> None:
    """The store may be old, or wrong: only this org's log is asked, from the moment given."""
    log_of(org).events.append(event(SAVED))
    read = await org.client.read_log(OURS, cursor.replace("{url}", org.okta.url), SINCE)
    assert read.changed == OURS
    assert set(org.okta.calls) == {LOGS}
    assert "since=2026-03-01T08%3A50" in org.okta.queries[0]
