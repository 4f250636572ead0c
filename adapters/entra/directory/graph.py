"""Reading Microsoft Graph v1.0 for one tenant or another: pages, batches, throttling.

Tokens go to the tenant's own Graph host and nowhere else: the shared client refuses links and
redirects to another origin, and `clouds.graph_url` refuses hosts that are not Microsoft's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from adapters.entra.directory.calls import Call
from adapters.entra.directory.clouds import graph_url
from adapters.entra.directory.pace import REPORTS_AT_ONCE, ReportPace
from adapters.entra.directory.reading import Json, records, text
from adapters.entra.directory.refusals import refusal
from adapters.entra.directory.tokens import AppTokens, TenantCredentials
from adapters.http.answers import throttled, wait_before_trying_again
from adapters.http.client import CloudClient
from bot.domain.inventory.apps import Tenant
from bot.errors import CloudAnswerInvalid, CloudError, CloudThrottled, CloudUnreachable
from bot.ports.system import Clock
from bot.settings.sections.clouds import EntraSettings

BATCH_LIMIT = 20  # parts of one $batch ("Combine multiple HTTP requests using JSON batching")
CLAUSES_LIMIT = 10  # of one $filter; the directory refuses more than 15 ("$filter", Graph docs)
PAGE_LIMIT = 200  # pages of one list; an answer with more is taken for endless
PART_ATTEMPTS = 3
LONGEST_WAIT = 60.0  # seconds; a part that asks for more is given up
PASSING_FAILURE_WAIT = 1.0  # seconds before a part that failed with a 5xx is asked again

# Characters that OData writes into query options as they are.
_PLAIN = "/,'()"

# Refusals are explained here, where it is known which permission the call needs.
_REFUSALS = range(400, 429)


@dataclass(frozen=True, slots=True)
class Ask:
    """One read: its kind, the path below `/v1.0`, and the query options."""

    call: Call
    path: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        query = "&".join(f"{key}={quote(value, safe=_PLAIN)}" for key, value in self.params.items())
        return f"{self.path}?{query}" if query else self.path


class Graph:
    """Microsoft Graph on behalf of the app. Every method raises CloudError."""

    def __init__(
        self,
        settings: EntraSettings,
        http: httpx.AsyncClient,
        tokens: AppTokens,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._paces: dict[str, ReportPace] = {}

    async def rows(self, tenant: Tenant, ask: Ask) -> tuple[Json, ...]:
        """Every row of a list, over all its pages."""
        return await self.rest(tenant, ask.call, await self._get(tenant, ask.call, ask.url))

    async def one(self, tenant: Tenant, ask: Ask) -> Json:
        """A single object."""
        return await self._get(tenant, ask.call, ask.url)

    async def rest(self, tenant: Tenant, call: Call, page: Json) -> tuple[Json, ...]:
        """The rows of the page at hand, and of the pages that follow it."""
        found = list(_rows(tenant, call, page))
        seen: set[str] = set()
        while link := _next(tenant, call, page):
            if link in seen or len(seen) >= PAGE_LIMIT:
                raise _invalid(tenant, call, "leads from page to page without end")
            seen.add(link)
            page = await self._get(tenant, call, link)
            found.extend(_rows(tenant, call, page))
        return tuple(found)

    async def batch(self, tenant: Tenant, asks: Sequence[Ask]) -> tuple[Json | CloudError, ...]:
        """The first page of each read, or the error it ended in, in the order of `asks`.

        Parts that were throttled, or failed for the moment, are asked again; the others are not.
        Raises CloudError only when a batch fails as a whole.
        """
        answers: list[Json | CloudError] = []
        size = REPORTS_AT_ONCE if any(ask.call.report for ask in asks) else BATCH_LIMIT
        for start in range(0, len(asks), size):
            answers.extend(await self._batch(tenant, asks[start : start + size]))
        return tuple(answers)

    async def _batch(self, tenant: Tenant, asks: Sequence[Ask]) -> list[Json | CloudError]:
        done: dict[int, Json | CloudError] = {}
        left = dict(enumerate(asks))
        for tried in range(1, PART_ATTEMPTS + 1):
            parts = await self._post(tenant, left)
            for number, ask in left.items():
                done[number] = _outcome(tenant, ask.call, parts.get(str(number), {}))
            waits = {n: w for n in left if (w := _wait(done[n], tried)) is not None}
            if not waits or tried == PART_ATTEMPTS:
                break
            await self._sleep(max(waits.values()))
            left = {number: asks[number] for number in waits}
        return [done[number] for number in range(len(asks))]

    async def _post(self, tenant: Tenant, asks: Mapping[int, Ask]) -> Mapping[str, Json]:
        client = self._client(tenant, report=any(ask.call.report for ask in asks.values()))
        parts = [{"id": str(n), "method": "GET", "url": ask.url} for n, ask in asks.items()]
        answer = await client.post("/$batch", json={"requests": parts})
        return {text(part, "id"): part for part in records(answer.object(), "responses")}

    async def _get(self, tenant: Tenant, call: Call, url: str) -> Json:
        client = self._client(tenant, report=call.report)
        try:
            answer = await client.get(url, accept=_REFUSALS)
        except CloudError as error:
            if "/v1.0/" in error.call:  # Graph's own, not the token's: named without ids, as always
                error.call = call.name
            raise
        if answer.status in _REFUSALS:
            body = answer.body if isinstance(answer.body, dict) else {}
            raise refusal(tenant, call, answer.status, body)
        return answer.object()

    def _client(self, tenant: Tenant, *, report: bool) -> CloudClient:
        base = graph_url(self._settings, tenant.graph_host, where=tenant.domain)
        pace = self._paces.setdefault(tenant.id, ReportPace(self._clock, self._sleep))
        return CloudClient(
            self._http,
            f"{base}/v1.0",
            where=tenant.domain,
            credentials=TenantCredentials(self._tokens, tenant),
            pace=pace if report else None,
        )


def _rows(tenant: Tenant, call: Call, page: Json) -> tuple[Json, ...]:
    if not isinstance(page.get("value"), list):
        raise _invalid(tenant, call, "has no list of values")
    return records(page, "value")


def _next(tenant: Tenant, call: Call, page: Json) -> str:
    """The address of the page that follows; "" when this is the last one."""
    if page.get("@odata.nextLink") and not text(page, "@odata.nextLink"):
        raise _invalid(tenant, call, "names a next page that is no address")
    return text(page, "@odata.nextLink")


def _outcome(tenant: Tenant, call: Call, part: Json) -> Json | CloudError:
    """The body of one part of a batch, or the error it means."""
    status, body = part.get("status"), part.get("body")
    if not isinstance(status, int):
        return _invalid(tenant, call, "is missing in the batch")
    if status == 429:
        told = part.get("headers")
        headers = httpx.Headers(
            {k: v for k, v in told.items() if isinstance(v, str)} if isinstance(told, dict) else {}
        )
        return throttled(tenant.domain, call.name, headers)
    if status >= 500:
        return CloudUnreachable(
            f"{tenant.domain} failed with {status} on {call.name}.",
            where=tenant.domain,
            call=call.name,
        )
    if status >= 300:
        return refusal(tenant, call, status, body if isinstance(body, dict) else {})
    return body if isinstance(body, dict) else _invalid(tenant, call, "is no object")


def _wait(outcome: Json | CloudError, tried: int) -> float | None:
    """Seconds after which asking again may help, after so many tries; None when it will not."""
    match outcome:
        case CloudThrottled():
            seconds = wait_before_trying_again(outcome, tried)
            return seconds if seconds <= LONGEST_WAIT else None
        case CloudUnreachable():
            return PASSING_FAILURE_WAIT
    return None


def _invalid(tenant: Tenant, call: Call, says: str) -> CloudAnswerInvalid:
    return CloudAnswerInvalid(
        f"The answer of {tenant.domain} to {call.name} {says}.",
        where=tenant.domain,
        call=call.name,
    )
