"""The seam for outbound HTTP: one JSON API behind one address.

Everything that goes out is pinned to that address: a `next` link or a redirect to another origin is
refused, so a token never leaves with it. Calls are repeated on failures that may pass, so this is
for calls that can be repeated; for others hand in `Retry(attempts=1)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

import httpx
import stamina
from attrs import define, field

from adapters.http.answers import (
    MAX_BODY_BYTES,
    Answer,
    decode,
    is_certificate_problem,
    refusal,
    wait_before_trying_again,
    wrapped,
)
from adapters.http.counts import Api, counted
from adapters.http.tls import trust
from adapters.http.unknown_outcome import IDLE_SECONDS
from bot.errors import CloudAnswerInvalid, CloudError, CloudThrottled, CloudUnreachable

TIME_LIMIT = 90.0  # seconds for one exchange: a server that drips bytes never meets a read timeout
CONNECTIONS = 10  # to one cloud at a time
SENDS_PER_ATTEMPT = 3  # one, and again after a fresh token and after a fresh nonce
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class Counting(httpx.AsyncClient):
    """Counts what it sends; `api` says to whom."""

    api = Api.MICROSOFT

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        with counted(self.api) as call:
            response = await super().send(request, **options)
            call.status = response.status_code
            return response


def open_http(
    transport: httpx.AsyncBaseTransport | None = None, *, api: Api = Api.MICROSOFT
) -> httpx.AsyncClient:
    """A connection pool for one cloud; whoever opens it closes it. `CONNECTIONS` at a time.

    Keeps no cookies: an API session must not outlive its token. A proxy of the environment is used,
    but not for loopback. `transport` is for many connections (`ConnectionPool`), and the seam for
    tests; `api` is what the calls are counted as.
    """
    http = Counting(
        transport=transport,
        verify=trust(),
        timeout=httpx.Timeout(30, connect=5),
        limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS),
        follow_redirects=False,
        mounts=dict.fromkeys(_LOOPBACK) if transport is None else None,
        headers={"User-Agent": "o365bot", "Accept": "application/json"},
    )
    http.api = api
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


class Credentials(Protocol):
    """How a request proves who sends it."""

    async def authorize(self, request: httpx.Request) -> None:
        """Add what proves it, just before the request goes out (also before each repetition)."""
        ...

    def renew(self, answer: Answer) -> bool:
        """Look at an answer of any status; True when a 400 or 401 is worth one more try."""
        ...


class Pace(Protocol):
    """When a request may go out."""

    def turn(self, request: httpx.Request) -> AbstractAsyncContextManager[None]:
        """Waits until it may; the request is on its way while the context lasts."""
        ...

    def learn(self, request: httpx.Request, answer: Answer) -> None:
        """Look at what an answer of any status says about the limits."""
        ...


def _wait_as_told(error: CloudThrottled, tried: int) -> float | bool:
    """Wait up to a minute; beyond that, let the caller know."""
    seconds = wait_before_trying_again(error, tried)
    return seconds if seconds <= 60 else False


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait for a rate limit.

    `throttled` gives seconds after so many tries, or False to give up at once. Between tries after
    other failures the wait doubles from a tenth of a second, with jitter.
    """

    attempts: int = 3
    throttled: Callable[[CloudThrottled, int], float | bool] = _wait_as_told

    def backoff(self, error: Exception, tried: int) -> float | bool:
        """Whether to try again after so many tries, and after how many seconds."""
        if isinstance(error, CloudThrottled):
            return self.throttled(error, tried)
        return isinstance(error, CloudUnreachable) and not is_certificate_problem(error)


Explain = Callable[[Answer], CloudError | None]
"""Makes a better error of an API's own error object; None leaves it to the general rule."""


def _without_slash(url: str) -> httpx.URL:
    return httpx.URL(url.rstrip("/"))


@define(eq=False)
class CloudClient:
    """Calls to one API on behalf of one org or tenant; cheap, several may share one pool.

    `base_url` may have a path, which goes before every path that is called. Every method raises
    CloudError and nothing of httpx's own.
    """

    _http: httpx.AsyncClient
    _base: httpx.URL = field(alias="base_url", converter=_without_slash)
    where: str
    _credentials: Credentials | None = None
    _pace: Pace | None = None
    _explain: Explain | None = None
    _retry: Retry = Retry()

    async def get(
        self,
        target: str,
        params: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Answer:
        """GET a path, or an absolute address of the same origin (a `next` link, taken verbatim).

        Statuses in `accept` are answers like a success; all others are raised.
        """
        return await self._call("GET", target, accept, params=params, headers=headers)

    async def post(
        self,
        target: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Answer:
        """POST a form or JSON; as `get` otherwise."""
        return await self._call("POST", target, accept, data=form, json=json, headers=headers)

    async def _call(self, method: str, target: str, accept: Container[int], **parts: Any) -> Answer:
        url = self._url(method, target)
        call = f"{method} {url.path}"
        tried = 0
        retrying = stamina.retry_context(
            on=lambda error: self._retry.backoff(error, tried),
            attempts=self._retry.attempts,
            timeout=None,
        )
        async for attempt in retrying:
            with attempt:
                tried += 1
                answer = await self._attempt(method, url, call, parts)
                if 200 <= answer.status < 300 or answer.status in accept:
                    return answer
                better = self._explain(answer) if self._explain is not None else None
                raise better or refusal(answer)
        raise AssertionError("stamina gives at least one attempt")

    async def _attempt(
        self, method: str, url: httpx.URL, call: str, parts: Mapping[str, Any]
    ) -> Answer:
        """One exchange; a refusal that the credentials can mend is sent again."""
        for sends_left in reversed(range(SENDS_PER_ATTEMPT)):
            request = self._http.build_request(method, url, **parts)
            async with self._pace.turn(request) if self._pace is not None else nullcontext():
                if self._credentials is not None:
                    await self._credentials.authorize(request)
                answer = await self._exchange(request, call)
                if self._pace is not None:
                    self._pace.learn(request, answer)
            mended = self._credentials is not None and self._credentials.renew(answer)
            if not (answer.status in (400, 401) and mended and sends_left):
                break
        return answer

    async def _exchange(self, request: httpx.Request, call: str) -> Answer:
        try:
            async with asyncio.timeout(TIME_LIMIT):
                response = await self._http.send(request, stream=True)
                try:
                    content = await self._read(response, call)
                finally:
                    await response.aclose()
        except (httpx.RequestError, TimeoutError) as error:
            raise wrapped(error, self.where, call) from error
        return decode(self.where, call, response.status_code, response.headers, content)

    async def _read(self, response: httpx.Response, call: str) -> bytes:
        """The body, decompressed; given up as soon as it is too long."""
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                raise self._invalid(
                    call,
                    f"The answer of {self.where} to {call} is longer than "
                    f"{MAX_BODY_BYTES:,} bytes.",
                )
        return bytes(content)

    def _url(self, method: str, target: str) -> httpx.URL:
        """The address of a path; an absolute one only when its origin is ours."""
        try:
            if target.startswith("/") and not target.startswith("//"):
                return httpx.URL(str(self._base) + target)
            url = self._base.join(target)
            ours = _origin(url) == _origin(self._base) and not url.userinfo
        except httpx.InvalidURL as error:
            raise self._invalid(
                method, f"{self.where} answered with a link that is no address."
            ) from error
        if not ours:
            raise self._invalid(
                f"{method} {url.path}",
                f"{self.where} led {method} {url.path} to another host, which is not followed.",
                hint="If the org moved to another address, change it in the settings.",
            )
        return url

    def _invalid(self, call: str, message: str, hint: str = "") -> CloudAnswerInvalid:
        return CloudAnswerInvalid(message, where=self.where, call=call, hint=hint)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port; httpx drops a port that is the scheme's own."""
    return (url.scheme, url.host, url.port)
