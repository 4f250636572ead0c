"""Whether a request may have got through although no answer came.

What is sent twice does harm, and so does what is called lost and was not: after each failure of
httpx it is known on which side of the first byte it happened (www.python-httpx.org/exceptions).
A test holds that each of them is named.
"""

from __future__ import annotations

import httpx

IDLE_SECONDS = 2.0
"""So long a connection without a call is kept: less than servers keep it (uvicorn and Node 5 s).

A call on a connection that the other side is just closing may have got through or not.
"""
NOTHING_SENT = (
    httpx.PoolTimeout,  # no connection became free
    httpx.ConnectError,  # no connection came about, TLS included
    httpx.ConnectTimeout,
    httpx.ProxyError,  # the proxy did not let it through
    httpx.UnsupportedProtocol,  # the address is none
    httpx.LocalProtocolError,  # the request is none that may be sent
)
MAY_HAVE_BEEN_SENT = (
    httpx.WriteError,  # a part went out, perhaps all of it
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.RemoteProtocolError,  # such as a connection that the other side closed meanwhile
    httpx.CloseError,
    httpx.DecodingError,  # there was an answer
    httpx.TooManyRedirects,
)
