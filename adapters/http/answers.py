"""Answers of a JSON API, and the errors that bad ones end in.

    what came                                     what is raised
    no connection, TLS, time-out, 5xx             CloudUnreachable
    429                                           CloudThrottled
    other 4xx                                     CloudRefused (404: CloudNotFound)
    a redirect, HTML, truncated or huge JSON,     CloudAnswerInvalid
    another top-level type than documented

Messages name the org or tenant and the call's path; never a host, a query, a header or a body.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudNotFound,
    CloudRefused,
    CloudThrottled,
    CloudUnreachable,
)

MAX_BODY_BYTES = 10 * 1024 * 1024
UNTOLD_WAIT = 5.0
"""Seconds after the first 429 that does not say, doubled at each further one: three tries outlast
the ten seconds in which Microsoft counts reads of its reports ("Microsoft Graph throttling
guidance": without Retry-After, back off exponentially).
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, headers (case-insensitive) and the decoded JSON body (None: empty).

    `call` is the method and path, `where` the org or tenant, both for error messages. The body of
    an error answer that is no JSON is None.
    """

    where: str
    call: str
    status: int
    headers: httpx.Headers = field(repr=False)
    body: Any = field(repr=False)

    def object(self) -> dict[str, Any]:
        """The body, which must be a JSON object. Raises CloudAnswerInvalid."""
        if isinstance(self.body, dict):
            return self.body
        raise self.invalid(f"is {_kind(self.body)} where an object is documented")

    def array(self) -> list[Any]:
        """The body, which must be a JSON array. Raises CloudAnswerInvalid."""
        if isinstance(self.body, list):
            return self.body
        raise self.invalid(f"is {_kind(self.body)} where an array is documented")

    def error_field(self, name: str) -> str:
        """A text member of the body, or "" (for error objects, which may be anything)."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        return value if isinstance(value, str) else ""

    @property
    def next_link(self) -> str:
        """The target of the `Link` header with `rel="next"` (RFC 8288), verbatim; "" without one.

        A server may send one header line per relation.
        """
        lines = ", ".join(self.headers.get_list("link"))
        links = httpx.Response(self.status, headers={"link": lines}).links if lines else {}
        return str(links.get("next", {}).get("url", ""))

    def invalid(self, says: str, *, hint: str = "") -> CloudAnswerInvalid:
        """The error for an answer that `says` something wrong about itself."""
        return CloudAnswerInvalid(
            f"The answer of {self.where} to {self.call} {says}.",
            where=self.where,
            call=self.call,
            hint=hint,
        )


def _kind(body: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", type(None): "empty"}
    return names.get(type(body), "a bare value")


def decode(where: str, call: str, status: int, headers: httpx.Headers, content: bytes) -> Answer:
    """Read the JSON of an answer. Raises CloudAnswerInvalid when a success is no JSON."""
    empty = Answer(where, call, status, headers, None)
    if not content.strip():
        return empty
    try:
        return Answer(where, call, status, headers, json.loads(content))
    except (ValueError, RecursionError) as error:
        if status >= 300:
            return empty
        page = content.lstrip()[:1] == b"<" or "html" in headers.get("content-type", "")
        if page:
            raise empty.invalid(
                "is a web page instead of JSON",
                hint="Check the address in the settings, and whether a proxy stands in between.",
            ) from error
        raise empty.invalid("is not complete JSON") from error


def refusal(answer: Answer) -> CloudError:
    """The error that an answer other than a success means when nothing better is known."""
    where, call, status = answer.where, answer.call, answer.status
    if status < 400:
        return answer.invalid(
            f"is a redirect ({status}), which is not followed",
            hint="Check the address in the settings: it must be the one that the API itself uses.",
        )
    if status == 429:
        return throttled(where, call, answer.headers)
    if status == 404:
        return CloudNotFound(f"{where} does not know {call}.", where=where, call=call)
    if status >= 500:
        return CloudUnreachable(f"{where} failed with {status} on {call}.", where=where, call=call)
    return CloudRefused(f"{where} refused {call} ({status}).", where=where, call=call)


def wrapped(error: httpx.RequestError | TimeoutError, where: str, call: str) -> CloudError:
    """The error that a failed exchange means; the caller raises it `from` the original."""
    if isinstance(error, httpx.DecodingError):
        return CloudAnswerInvalid(
            f"The answer of {where} to {call} is compressed wrongly.", where=where, call=call
        )
    if is_certificate_problem(error):
        return CloudUnreachable(
            f"{where} does not prove who it is: its certificate is not trusted.",
            where=where,
            call=call,
            hint="Check the address; behind a TLS proxy, add its root to SSL_CERT_FILE.",
        )
    slow = isinstance(error, httpx.TimeoutException | TimeoutError)
    what = "did not answer in time" if slow else "could not be reached"
    return CloudUnreachable(f"{where} {what} on {call}.", where=where, call=call)


def is_certificate_problem(error: BaseException | None) -> bool:
    """True when a certificate was refused anywhere down the chain of causes."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def throttled(where: str, call: str, headers: Mapping[str, str]) -> CloudThrottled:
    """The error that a 429 means, in an answer or in a part of a batch."""
    told = retry_after(headers)
    return CloudThrottled(
        f"{where} limits the rate of {call}.",
        where=where,
        call=call,
        retry_after=UNTOLD_WAIT if told is None else told,
        told=told is not None,
    )


def wait_before_trying_again(error: CloudThrottled, tried: int) -> float:
    """Seconds to wait after so many tries."""
    return error.retry_after if error.told else error.retry_after * 2 ** (tried - 1)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110, section 10.2.3: seconds or a date).

    None where it says nothing, or nothing that can be read.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    now = http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def http_date(value: str) -> datetime | None:
    """An HTTP date as aware UTC; None when it is none."""
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
