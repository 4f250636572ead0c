"""The seam for outbound HTTP: what it refuses, what it repeats, and the errors it ends in."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import RSAAlgorithm

from adapters.http.answers import Answer, decode, retry_after, wrapped
from adapters.http.client import CloudClient, Retry, open_http
from adapters.http.keys.assertion import ClientKey
from adapters.http.keys.jwks import KeySet
from adapters.http.unknown_outcome import MAY_HAVE_BEEN_SENT, NOTHING_SENT
from bot.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudNotFound,
    CloudRefused,
    CloudThrottled,
    CloudUnreachable,
)
from tests.contract.loopback import answering, http_bytes

pytestmark = pytest.mark.usefixtures("no_waiting")

OK = http_bytes(b'{"ok": true}')


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The real pool, over real sockets."""
    async with open_http() as client:
        yield client


def client_of(http: httpx.AsyncClient, url: str, **more: Any) -> CloudClient:
    return CloudClient(http, url, where="contoso", **more)


# ------------------------------------------------------------------ bad answers


BAD = {
    "HTML with a success": (http_bytes(b"<html>Sign in</html>", kind="text/html"), "web page"),
    "HTML called JSON": (http_bytes(b"  <!doctype html>"), "web page"),
    "truncated JSON": (http_bytes(b'[{"id": "0oa1"'), "not complete JSON"),
    "bytes that are no text": (http_bytes(b'["\xff\xfe"]'), "not complete JSON"),
    "JSON nested without end": (http_bytes(b"[" * 100_000), "not complete JSON"),
    "another top-level type": (http_bytes(b'{"error": 1}'), "an object where an array"),
    "a bare null": (http_bytes(b"null"), "empty where an array"),
    "a body of more than 10 MB": (http_bytes(b'["' + b"a" * 10_500_000 + b'"]'), "longer than"),
    "a redirect": (
        http_bytes(b"", status="302 Found\r\nLocation: https://evil.example.com/"),
        "redirect",
    ),
    "a lie about its compression": (
        http_bytes(b"plain", status="200 OK\r\nContent-Encoding: gzip"),
        "compressed wrongly",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_answer_is_a_typed_error_that_names_the_org_and_the_call(
    http: httpx.AsyncClient, name: str
) -> None:
    """Whatever comes, the caller learns which org and which call, without host or query."""
    answer, words = BAD[name]
    async with answering(answer) as (url, seen):
        with pytest.raises(CloudAnswerInvalid, match=words) as raised:
            (await client_of(http, url).get("/api/v1/apps", {"after": "cursor"})).array()
    assert (raised.value.where, raised.value.call) == ("contoso", "GET /api/v1/apps")
    assert "127.0.0.1" not in str(raised.value)
    assert "cursor" not in str(raised.value)
    assert len(seen) == 1, "what is wrong now is wrong again"


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_given_up(
    http: httpx.AsyncClient,
) -> None:
    """The limit counts what is unpacked, not what is sent."""
    packed = gzip.compress(b'["' + b"a" * 20_000_000 + b'"]')
    async with answering(http_bytes(packed, status="200 OK\r\nContent-Encoding: gzip")) as (url, _):
        with pytest.raises(CloudAnswerInvalid, match="longer than"):
            await client_of(http, url).get("/")


STATUSES: dict[str, type[CloudError]] = {
    "400 Bad Request": CloudRefused,
    "401 Unauthorized": CloudRefused,
    "403 Forbidden": CloudRefused,
    "404 Not Found": CloudNotFound,
    "429 Too Many Requests": CloudThrottled,
    "500 Internal Server Error": CloudUnreachable,
    "503 Service Unavailable": CloudUnreachable,
}


@pytest.mark.parametrize("status", STATUSES)
async def test_each_status_has_its_error_even_when_the_body_is_a_web_page(
    http: httpx.AsyncClient, status: str
) -> None:
    """A gateway's HTML does not hide what the status says."""
    page = http_bytes(b"<html>", status=status, kind="text/html")
    async with answering(page) as (url, _):
        with pytest.raises(STATUSES[status]) as raised:
            await client_of(http, url).get("/x")
    assert raised.type is STATUSES[status]


# ------------------------------------------------------------------ repeating


async def test_failures_that_may_pass_are_repeated(http: httpx.AsyncClient) -> None:
    """A lost connection and a 503 are followed by the answer that was wanted."""
    busy = http_bytes(b"", status="503 Service Unavailable")
    async with answering(b"", busy, OK) as (url, seen):
        assert (await client_of(http, url).get("/")).object() == {"ok": True}
    assert len(seen) == 3


async def test_what_cannot_be_repeated_is_sent_once(http: httpx.AsyncClient) -> None:
    """With one attempt, a lost connection is an error at once; the driver's own is its cause."""
    async with answering(b"", OK) as (url, seen):
        with pytest.raises(CloudUnreachable) as raised:
            await client_of(http, url, retry=Retry(attempts=1)).post("/", json={})
    assert len(seen) == 1
    assert isinstance(raised.value.__cause__, httpx.RequestError)


async def test_an_answer_that_breaks_off_is_an_unreachable_server(http: httpx.AsyncClient) -> None:
    """A body shorter than its announced length is a lost connection, repeated like one."""
    async with answering(http_bytes(b'{"a":', length=500)) as (url, seen):
        with pytest.raises(CloudUnreachable):
            await client_of(http, url).get("/")
    assert len(seen) == 3


def test_the_wait_for_a_rate_limit_is_what_the_answer_says_up_to_a_minute() -> None:
    """Longer waits are the caller's to decide: it is told how long."""
    error = CloudThrottled("", where="", call="", retry_after=12.0)
    assert [Retry().backoff(error, tried) for tried in (1, 2)] == [12.0, 12.0]
    error.retry_after = 3600.0
    assert Retry().backoff(error, 1) is False


async def test_where_a_rate_limit_names_no_time_each_wait_is_twice_as_long(
    http: httpx.AsyncClient,
) -> None:
    """As Microsoft asks for: "If no Retry-After header is provided, back off exponentially"."""
    waited = []

    def wait(error: CloudThrottled, tried: int) -> float:
        waited.append(Retry().backoff(error, tried))
        return 0.0

    async with answering(http_bytes(b"", status="429 Too Many Requests")) as (url, seen):
        with pytest.raises(CloudThrottled):
            await client_of(http, url, retry=Retry(throttled=wait)).get("/")
    assert len(seen) == 3
    assert waited[:2] == [5.0, 10.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        (
            {
                "retry-after": "Fri, 02 Jan 2026 10:00:30 GMT",
                "date": "Fri, 02 Jan 2026 10:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    """A skewed clock on either side does not change the wait; nonsense says nothing."""
    assert retry_after(httpx.Headers(headers)) == seconds


async def test_a_wrong_certificate_is_not_tried_again() -> None:
    """It will not get better by itself, and the hint says what to do."""
    tries = 0

    def refuse(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        raise httpx.ConnectError("tls") from ssl.SSLCertVerificationError("self-signed")

    async with open_http(httpx.MockTransport(refuse)) as http:
        with pytest.raises(CloudUnreachable, match="certificate is not trusted"):
            await client_of(http, "https://contoso.okta.com").get("/")
    assert tries == 1


def _below(kind: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


@pytest.mark.parametrize("kind", list(_below(httpx.RequestError)))
def test_every_error_of_the_driver_is_mapped(kind: type[httpx.RequestError]) -> None:
    """None of the driver's errors reaches a service."""
    error = wrapped(kind("secret-host"), "contoso", "GET /")
    assert isinstance(error, CloudUnreachable | CloudAnswerInvalid)
    assert "secret-host" not in str(error)


# ------------------------------------------------------------------ where tokens may go


class Bearer:
    """Credentials that would be a loss."""

    async def authorize(self, request: httpx.Request) -> None:
        request.headers["Authorization"] = "Bearer secret"

    def renew(self, answer: Answer) -> bool:
        return False


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/api/v1/apps?after=1",
        "//evil.example.com/api/v1/apps",
        "http://contoso.okta.com/api/v1/apps",
        "https://contoso.okta.com:8443/api/v1/apps",
        "https://contoso.okta.com@evil.example.com/api",
        "https://user:pass@contoso.okta.com/api",
        "javascript:alert(1)",
        "http://[",
    ],
)
async def test_a_link_to_another_origin_is_refused_before_anything_is_sent(link: str) -> None:
    """Another host, scheme or port, or a user in the address: no request, so no token."""
    sent: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=[])

    async with open_http(httpx.MockTransport(record)) as http:
        client = client_of(http, "https://contoso.okta.com", credentials=Bearer())
        with pytest.raises(CloudAnswerInvalid):
            await client.get(link)
    assert sent == []


async def test_a_next_link_of_the_same_origin_is_followed_verbatim() -> None:
    """Cursors are opaque: not a character of them is changed."""
    seen: list[str] = []

    def page(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json=[])

    link = "https://contoso.okta.com/api/v1/apps?after=a%2Bb%3D%3D&filter=name+eq+%22x%22"
    async with open_http(httpx.MockTransport(page)) as http:
        await client_of(http, "https://contoso.okta.com").get(link)
    assert seen == [link]


async def test_the_next_link_is_found_over_several_header_lines() -> None:
    """Okta sends one `Link` line for each relation."""
    headers = httpx.Headers(
        [
            ("Link", '<https://x/api?limit=2>; rel="self"'),
            ("Link", '<https://x/api?after=2>; rel="next"'),
        ]
    )
    assert decode("contoso", "GET /", 200, headers, b"[]").next_link == "https://x/api?after=2"
    assert decode("contoso", "GET /", 200, httpx.Headers(), b"[]").next_link == ""


async def test_cookies_are_not_kept(http: httpx.AsyncClient) -> None:
    """A session that a server opens unasked is not carried on."""
    cookie = http_bytes(b"{}", status="200 OK\r\nSet-Cookie: sid=1; Path=/")
    async with answering(cookie) as (url, _):
        await client_of(http, url).get("/")
    assert not list(http.cookies.jar)


# ------------------------------------------------------------------ assertions and signing keys


def pem_of(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


KEYS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_an_assertion_is_signed_by_the_kind_of_its_key(algorithm: str) -> None:
    """RSA and EC keys both work, and the server can check who, for whom and until when."""
    key = KEYS[algorithm]()
    certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    signer = ClientKey("0oaclient", certificate + pem_of(key), {"kid": "kid1"})
    now = datetime.now(UTC)
    first, second = (signer.assertion("https://x/token", now) for _ in range(2))
    assert jwt.get_unverified_header(first)["kid"] == "kid1"
    claims = jwt.decode(first, key.public_key(), algorithms=[algorithm], audience="https://x/token")
    assert claims["iss"] == claims["sub"] == "0oaclient"
    assert claims["exp"] - claims["iat"] == 300
    assert first != second


@pytest.mark.parametrize(
    "pem", ["", "hello", "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----"]
)
def test_a_key_that_cannot_be_used_is_said_without_showing_it(pem: str) -> None:
    """The words go into the settings error, the key does not."""
    with pytest.raises(ValueError, match="private key"):
        ClientKey("0oaclient", pem, {})


class Provider:
    """An OpenID provider whose keys roll over and which may be away."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.kids = ["old"]
        self.jwks_uri: str | None = "https://login.example.com/keys"
        self.down = False
        self.status = 503
        self.reads = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(self.status)
        if request.url.path == "/metadata":
            return httpx.Response(200, json={"issuer": "x", "jwks_uri": self.jwks_uri})
        self.reads += 1
        jwk = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        keys: list[Any] = [{**jwk, "kid": kid, "endorsements": ["msteams"]} for kid in self.kids]
        strange = [{"kty": "oct", "k": "AA", "kid": "secret"}, {"kid": "none"}, 7]
        return httpx.Response(200, json={"keys": keys + strange})


class Provided:
    """A key set over a provider, and the seconds that pass for it."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider) -> None:
        self.provider = provider
        self.seconds = 0.0
        self.keys = KeySet(
            "https://login.example.com/metadata", http, where="login", clock=lambda: self.seconds
        )


@pytest.fixture
async def provided() -> AsyncIterator[Provided]:
    """A key set, its provider and its clock."""
    provider = Provider()
    async with open_http(httpx.MockTransport(provider)) as http:
        yield Provided(http, provider)


async def test_a_known_key_is_read_once_a_day(provided: Provided) -> None:
    """Tokens are checked without asking the provider each time."""
    for _ in range(3):
        assert (await provided.keys.key("old")).key_id == "old"
    assert provided.provider.reads == 1
    assert provided.keys.endorsements("old") == {"msteams"}
    provided.seconds += 25 * 3600
    await provided.keys.key("old")
    assert provided.provider.reads == 2


async def test_an_unknown_key_is_looked_for_but_not_oftener_than_once_a_minute(
    provided: Provided,
) -> None:
    """A rolled key is found; a flood of invented ids costs one read a minute."""
    await provided.keys.key("old")
    provided.provider.kids = ["new"]
    for _ in range(50):
        with pytest.raises(CloudNotFound):
            await provided.keys.key("invented")
    assert provided.provider.reads == 1
    provided.seconds += 61
    assert (await provided.keys.key("new")).key_id == "new"
    assert provided.provider.reads == 2


async def test_known_keys_are_kept_while_the_provider_is_away_but_not_for_ever(
    provided: Provided,
) -> None:
    """An outage stops nobody for two days; then an unchecked key is worse than none."""
    await provided.keys.key("old")
    provided.provider.down = True
    provided.seconds += 30 * 3600
    assert (await provided.keys.key("old")).key_id == "old"
    provided.seconds += 60 * 3600
    for _ in range(2):
        with pytest.raises(CloudUnreachable):
            await provided.keys.key("old")


async def test_known_keys_are_kept_while_the_metadata_cannot_be_found(provided: Provided) -> None:
    """A 404 of the provider is an outage like any other."""
    await provided.keys.key("old")
    provided.provider.down, provided.provider.status = True, 404
    provided.seconds += 30 * 3600
    assert (await provided.keys.key("old")).key_id == "old"


@pytest.mark.parametrize("address", ["https://evil.example.com/keys", "", None])
async def test_keys_are_taken_from_the_metadata_host_only(
    provided: Provided, address: str | None
) -> None:
    """Metadata that points elsewhere, or nowhere, is refused."""
    provided.provider.jwks_uri = address
    with pytest.raises(CloudAnswerInvalid):
        await provided.keys.key("old")
    assert provided.provider.reads == 0


# ------------------------------------------------------------------ whether something was sent


def _leaves(of: type[Exception]) -> Iterator[type[Exception]]:
    below = [leaf for leaf in of.__subclasses__() if leaf.__module__.startswith("httpx")]
    if not below:
        yield of
    for leaf in below:
        yield from _leaves(leaf)


def test_of_every_failure_it_is_said_whether_something_may_have_been_sent() -> None:
    """A failure that a new httpx knows is in neither list, and this test says so."""
    named = (*NOTHING_SENT, *MAY_HAVE_BEEN_SENT)
    assert len(set(named)) == len(named)
    assert set(named) == set(_leaves(httpx.RequestError))
