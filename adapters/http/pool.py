"""A transport of httpx for many calls at a time, on aiohttp's connections.

httpcore looks at each of its connections for every call, several times and at those that wait with
a system call: with some dozens of them a call took 2.5 ms of CPU, half of all that an answer in
Teams costs. aiohttp hands a connection out in one step.

What aiohttp raises becomes what httpx would, by which side of the first byte it happened on
(`adapters.http.unknown_outcome`): a connection that broke is never told as one that did not come
about. The package `httpx-aiohttp` does that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

from adapters.http.tls import trust
from adapters.http.unknown_outcome import IDLE_SECONDS


class ConnectionPool(httpx.AsyncBaseTransport):
    """At most `connections` at a time. A proxy of the environment is used, but not for loopback."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._proxies = getproxies()

    def _open(self) -> aiohttp.ClientSession:
        """The session, from the first call on: it belongs to the loop that runs then."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=IDLE_SECONDS,
                    ssl=trust(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits = request.extensions.get("timeout", {})
        waits, connects = limits.get("pool"), limits.get("connect")
        # The headers and the body are httpx's own; what is in the address is encoded already.
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers.raw
            if name.lower() not in _OWN
        ]
        with _errors(request):
            response = await self._open().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=headers,
                data=await request.aread() or None,
                allow_redirects=False,
                proxy=self._proxy(request.url),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=None if waits is None or connects is None else waits + connects,
                    sock_connect=connects,
                    sock_read=limits.get("read"),
                ),
            )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Stream(request, response),
            request=request,
        )

    def _proxy(self, url: httpx.URL) -> str | None:
        if url.host in _LOOPBACK or proxy_bypass(url.host):
            return None
        return self._proxies.get(url.scheme) or self._proxies.get("all")

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Stream(httpx.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, request: httpx.Request, response: aiohttp.ClientResponse) -> None:
        self._request = request
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors(self._request):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._response.release()  # one that was not read to its end is closed


_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OWN = (b"content-length", b"transfer-encoding", b"connection")


@contextmanager
def _errors(request: httpx.Request) -> Iterator[None]:
    """aiohttp's errors as httpx's. The order counts: a class stands before those it refines."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:  # none became free, or none came about
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except aiohttp.ClientHttpProxyError as error:
        raise httpx.ProxyError(str(error), request=request) from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except (aiohttp.ServerTimeoutError, TimeoutError) as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientOSError as error:
        raise httpx.WriteError(str(error), request=request) from error
    except (aiohttp.ClientPayloadError, aiohttp.ServerConnectionError) as error:
        raise httpx.ReadError(str(error), request=request) from error
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
