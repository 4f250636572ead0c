"""Signing people in: what is asked of Microsoft, and which tokens are believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.entra.signing_in.sign_in import EntraSignIn
from adapters.http.client import open_http
from bot.domain.consent.requests import MfaShown, ProofKind
from bot.domain.consent.sign_in import SignedIn
from bot.domain.inventory.apps import Tenant
from bot.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRefused,
    CloudUnreachable,
    SignInRefused,
    TokenInvalid,
)
from bot.settings.sections.clouds import SignInSettings
from tests.contract.entra.login import (
    ADA,
    API,
    BEN,
    KID,
    OTHER_TENANT,
    SCOPE,
    Login,
    challenge_of,
    new_key,
)
from tests.contract.entra.microsoft import CLIENT_ID, CLIENT_SECRET, START, TENANT_ID
from tests.contract.loopback import SteppingClock
from tests.serving import served

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONCE = "the-nonce"
VERIFIER = "v" * 43
KEY = new_key()
STRANGERS_KEY = new_key()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Login]:
    async with open_http() as http:
        login = Login(KEY, http)
        async with served(login.app):
            yield login


@pytest.fixture
def login(server: Login) -> Login:
    """The host, as it is without anybody's tricks."""
    server.published = {KID: (KEY, "")}
    server.refusal = None
    server.forms = []
    server.tokens = {"id_token": server.sign(server.id_claims(NONCE))}
    return server


def signs_in(login: Login, **settings: str) -> EntraSignIn:
    return EntraSignIn(
        login.settings(),
        SignInSettings(**settings),
        "https://o365bot.example.com",
        login.http,
        SteppingClock(START),
    )


async def redeem(login: Login, **settings: str) -> SignedIn:
    return await signs_in(login, **settings).redeem(
        TENANT_ID, code="the-code", nonce=NONCE, verifier=VERIFIER
    )


# ------------------------------------------------------------------ what is asked


async def test_the_browser_is_sent_to_the_tenants_own_endpoint(login: Login) -> None:
    """Code, PKCE by S256, state, nonce and a hint; the verifier itself stays here."""
    address = await signs_in(login).address(
        TENANT_ID, state="s", nonce="n", verifier=VERIFIER, login_hint="ada+x@contoso.com"
    )
    parts = urlsplit(address)
    assert address.startswith(f"{login.url}/{TENANT_ID}/oauth2/v2.0/authorize?")
    assert {name: value for name, (value,) in parse_qs(parts.query).items()} == {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": "https://o365bot.example.com/auth/callback",
        "scope": "openid profile",
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "login_hint": "ada+x@contoso.com",
    }
    assert VERIFIER not in address


async def test_what_is_configured_is_asked_for(login: Login) -> None:
    """The own API's scope, the authentication context, another redirect path."""
    address = await signs_in(
        login, api_scope=SCOPE, auth_context="c7", redirect_path="/back"
    ).address(TENANT_ID, state="s", nonce="n", verifier=VERIFIER, login_hint="")
    asked = parse_qs(urlsplit(address).query)
    assert asked["scope"] == [f"openid profile {SCOPE}"]
    assert asked["redirect_uri"] == ["https://o365bot.example.com/back"]
    claims = {"id_token": {"acrs": {"essential": True, "value": "c7"}}}
    assert json.loads(asked["claims"][0]) == claims


async def test_admin_consent_is_asked_for_at_the_tenant(login: Login) -> None:
    """Everything the registration lists: only `/.default` reaches application permissions."""
    tenant = Tenant(TENANT_ID, "contoso.com", "graph.microsoft.com")
    address = signs_in(login).consent_address(tenant, state="s")
    assert address.startswith(f"{login.url}/{TENANT_ID}/v2.0/adminconsent?")
    asked = parse_qs(urlsplit(address).query)
    assert asked["scope"] == ["https://graph.microsoft.com/.default"]
    assert asked["redirect_uri"] == ["https://o365bot.example.com/auth/consented"]


async def test_admin_consent_is_for_the_graph_of_the_tenants_own_cloud(login: Login) -> None:
    """For GCC High `login_url` is all that has to be set: its Graph is found by discovery."""
    settings = login.settings().model_copy(update={"login_url": "https://login.microsoftonline.us"})
    sign_in = EntraSignIn(
        settings, None, "https://o365bot.example.com", login.http, SteppingClock(START)
    )
    tenant = Tenant(TENANT_ID, "contoso.us", "graph.microsoft.us")
    asked = parse_qs(urlsplit(sign_in.consent_address(tenant, state="s")).query)
    assert asked["scope"] == ["https://graph.microsoft.us/.default"]
    elsewhere = Tenant(TENANT_ID, "contoso.com", "graph.microsoft.com")
    with pytest.raises(CloudRefused, match="another Microsoft cloud"):
        sign_in.consent_address(elsewhere, state="s")


@pytest.mark.parametrize("tenant", ["common", "../evil", "contoso.com", "", f"{TENANT_ID}/x"])
async def test_only_a_tenants_id_gets_into_an_address(login: Login, tenant: str) -> None:
    """It comes from the ledger; were it something else, nobody is sent there."""
    with pytest.raises(ValueError, match="named by its id"):
        signs_in(login).consent_address(
            Tenant(tenant, "contoso.com", "graph.microsoft.com"), state="s"
        )


async def test_the_code_is_exchanged_once_with_verifier_and_credential(login: Login) -> None:
    """And the answer names the account, in small letters."""
    login.tokens["id_token"] = login.sign(login.id_claims(NONCE, oid=ADA.upper()))
    assert await redeem(login) == SignedIn(TENANT_ID, ADA, MfaShown.NOT_PROVEN)
    (form,) = login.forms
    assert form == {
        "client_id": CLIENT_ID,
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://o365bot.example.com/auth/callback",
        "code_verifier": VERIFIER,
        "scope": "openid profile",
        "client_secret": CLIENT_SECRET,
    }


# ------------------------------------------------------------------ tokens that are not believed


def now() -> int:
    return int(time.time())


def public_pem() -> bytes:
    return KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def with_public_key_as_secret(login: Login) -> str:
    """HS256 with the published key as the secret; PyJWT itself refuses to make such a token."""

    def b64(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    header = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": KID}).encode())
    payload = b64(json.dumps(login.id_claims(NONCE)).encode())
    mac = hmac.new(public_pem(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{b64(mac)}"


def unsigned(login: Login) -> str:
    good = login.sign(login.id_claims(NONCE)).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    return f"{header}.{good[1]}."


def changed(login: Login) -> str:
    """The claims of Ben under the signature for Ada."""
    ada = login.sign(login.id_claims(NONCE)).split(".")
    ben = login.sign(login.id_claims(NONCE, oid=BEN)).split(".")
    return ".".join((ada[0], ben[1], ada[2]))


def another_tenants(login: Login) -> str:
    return login.sign(login.id_claims(NONCE, tid=OTHER_TENANT, iss=login.issuer(OTHER_TENANT)))


def claims(nonce: object = NONCE, **other: Any) -> Callable[[Login], str]:
    """Well signed, with these claims."""
    return lambda login: login.sign(login.id_claims(nonce, **other))


def signed(**how: Any) -> Callable[[Login], str]:
    """The right claims, signed in another way."""
    return lambda login: login.sign(login.id_claims(NONCE), **how)


def as_it_is(token: object) -> Callable[[Login], Any]:
    return lambda login: token


def issued_by(of: str) -> Callable[[Login], str]:
    return lambda login: login.sign(login.id_claims(NONCE, iss=of.format(login.url)))


BAD: dict[str, tuple[Callable[[Login], Any], str]] = {
    "none at all": (as_it_is(None), "there is none"),
    "a number": (as_it_is(7), "there is none"),
    "empty": (as_it_is(""), "there is none"),
    "huge": (as_it_is("x" * 40_000), "there is none"),
    "no token": (as_it_is("abc.def.ghi"), "not a signed token"),
    "alg none": (unsigned, "RS256"),
    "HS256 with the public key": (with_public_key_as_secret, "RS256"),
    "RS512": (signed(algorithm="RS512"), "RS256"),
    "PS256": (signed(algorithm="PS256"), "RS256"),
    "another key under the same name": (signed(key=STRANGERS_KEY), "signature"),
    "a key that nobody published": (signed(key=STRANGERS_KEY, kid="k9"), "not the tenant's"),
    "no key id": (signed(kid=None), "name its key"),
    "a key id that is a path": (signed(kid="../../keys"), "name its key"),
    "changed after signing": (changed, "signature"),
    "another tenant": (another_tenants, "issued it"),
    "another tid under our issuer": (claims(tid=OTHER_TENANT), "another tenant"),
    "no tid": (claims(tid=None), "another tenant"),
    "another audience": (claims(aud=BEN), "somebody else"),
    "an audience among others": (claims(aud=[CLIENT_ID, BEN]), "somebody else"),
    "no audience": (claims(aud=None), "missing"),
    "an issuer of version 1.0": (issued_by(f"https://sts.windows.net/{TENANT_ID}/"), "issued it"),
    "an issuer with a slash more": (issued_by(f"{{}}/{TENANT_ID}/v2.0/"), "issued it"),
    "expired": (claims(exp=now() - 120), "expired"),
    "no expiry": (claims(exp=None), "missing"),
    "not valid yet": (claims(nbf=now() + 3600), "not valid yet"),
    "issued in the future": (claims(iat=now() + 3600), "not valid yet"),
    "another nonce": (claims("another"), "another sign-in"),
    "no nonce": (claims(None), "another sign-in"),
    "a nonce that is a list": (claims([NONCE]), "another sign-in"),
    "no account": (claims(oid=None), "account"),
    "an account that is a name": (claims(oid="ada@contoso.com"), "account"),
    "version 1.0": (claims(ver="1.0"), "version"),
}


@pytest.mark.parametrize(("make", "says"), BAD.values(), ids=BAD)
async def test_no_other_id_token_is_believed(
    login: Login, make: Callable[[Login], Any], says: str
) -> None:
    """Each is refused for its own reason, and no error repeats the token."""
    login.tokens["id_token"] = token = make(login)
    with pytest.raises(TokenInvalid, match=says) as caught:
        await redeem(login)
    if isinstance(token, str) and len(token) > 20:
        assert token[:20] not in f"{caught.value} {caught.value!r}"


async def test_a_minute_of_clock_difference_is_forgiven(login: Login) -> None:
    """Clocks are never quite alike."""
    claims = login.id_claims(NONCE, exp=now() - 30, nbf=now() + 30, iat=now() + 30)
    login.tokens["id_token"] = login.sign(claims)
    assert (await redeem(login)).object_id == ADA


async def test_a_key_may_only_speak_for_its_own_issuer(login: Login) -> None:
    """Microsoft publishes keys of consumer accounts beside those of tenants."""
    consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
    login.published[KID] = (KEY, f"{login.url}/{consumers}/v2.0")
    with pytest.raises(TokenInvalid, match="somebody else"):
        await redeem(login)
    login.published[KID] = (KEY, login.url + "/{tenantid}/v2.0")
    assert (await redeem(login)).object_id == ADA


async def test_a_new_key_is_found_and_guessed_ones_do_not_flood_microsoft(login: Login) -> None:
    """After a roll the keys are read again, at once; but not for each unknown name."""
    client = signs_in(login)

    async def once() -> SignedIn:
        return await client.redeem(TENANT_ID, code="c", nonce=NONCE, verifier=VERIFIER)

    await once()
    reads = login.key_reads
    login.published["k2"] = (STRANGERS_KEY, "")
    login.tokens["id_token"] = login.sign(login.id_claims(NONCE), key=STRANGERS_KEY, kid="k2")
    for number in range(20):
        login.tokens["id_token"] = login.sign(login.id_claims(NONCE), kid=f"guess{number}")
        with pytest.raises(TokenInvalid, match="not the tenant's"):
            await once()
    assert login.key_reads - reads <= 1


# ------------------------------------------------------------------ MFA


async def test_an_access_token_for_the_own_api_shows_mfa(login: Login) -> None:
    """`amr` of version 1.0 with `mfa` in it; without it, it is not proven."""
    login.tokens["access_token"] = login.sign(login.access_claims())
    proven = await redeem(login, api_scope=SCOPE)
    assert (proven.mfa, proven.kind) == (MfaShown.AMR, ProofKind.SIGNED_IN_MFA)
    for amr in (["pwd"], [], "pwd", None, {"mfa": 1}, ["fed"], 7):
        login.tokens["access_token"] = login.sign(login.access_claims(amr=amr))
        found = await redeem(login, api_scope=SCOPE)
        assert (found.mfa, found.kind) == (MfaShown.NOT_PROVEN, ProofKind.SIGNED_IN)


async def test_an_authentication_context_shows_mfa(login: Login) -> None:
    """The very one that was asked for."""
    for acrs, shown in (
        (["c1", "c7"], MfaShown.ACRS),
        ("c7", MfaShown.ACRS),
        (["c1"], MfaShown.NOT_PROVEN),
        ("c71", MfaShown.NOT_PROVEN),
        (None, MfaShown.NOT_PROVEN),
    ):
        login.tokens["id_token"] = login.sign(login.id_claims(NONCE, acrs=acrs))
        assert (await redeem(login, auth_context="c7")).mfa is shown


async def test_what_is_not_configured_shows_nothing(login: Login) -> None:
    """An `amr` in a version 2.0 token is none of Microsoft's documented claims."""
    login.tokens["id_token"] = login.sign(login.id_claims(NONCE, amr=["mfa"], acrs=["c1"]))
    login.tokens["access_token"] = login.sign(login.access_claims())
    assert (await redeem(login)).mfa is MfaShown.NOT_PROVEN


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://graph.microsoft.com"},
        {"oid": BEN},
        {"tid": OTHER_TENANT},
        {"iss": f"https://sts.windows.net/{OTHER_TENANT}/"},
        {"exp": now() - 300},
        {"ver": "2.0"},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_an_access_token_of_another_kind_refuses_the_sign_in(
    login: Login, claims: dict[str, Any]
) -> None:
    """What was configured must come; half a proof is none."""
    login.tokens["access_token"] = login.sign(login.access_claims(**claims))
    with pytest.raises(TokenInvalid):
        await redeem(login, api_scope=SCOPE)


async def test_the_api_may_be_named_by_its_id(login: Login) -> None:
    """With the optional claim `aud`/`use_guid`."""
    login.tokens["access_token"] = login.sign(login.access_claims(aud=CLIENT_ID))
    assert (await redeem(login, api_scope=f"{API}/proof")).mfa is MfaShown.AMR


# ------------------------------------------------------------------ Microsoft's no


@pytest.mark.parametrize(
    ("status", "error", "number", "raised", "reason"),
    [
        (400, "invalid_grant", 54005, SignInRefused, "AADSTS54005"),
        (400, "invalid_grant", 501481, SignInRefused, "AADSTS501481"),
        (400, "interaction_required", 50079, SignInRefused, "AADSTS50079"),
        (401, "invalid_client", 7000215, CloudRefused, "AADSTS7000215"),
        (400, "unauthorized_client", 700016, CloudRefused, "AADSTS700016"),
    ],
)
async def test_a_refused_code_and_a_refused_registration_are_told_apart(
    login: Login,
    status: int,
    error: str,
    number: int,
    raised: type[SignInRefused | CloudRefused],
    reason: str,
) -> None:
    """The one is the person's to try again, the other the operator's to mend."""
    login.refusal = (
        status,
        {"error": error, "error_description": f"AADSTS{number}: secret words. Trace ID: 1"},
    )
    with pytest.raises(raised) as caught:
        await redeem(login)
    assert getattr(caught.value, "reason", "") == reason
    assert "secret words" not in str(caught.value)
    assert len(login.forms) == 1, "a code is good for one try"


async def test_a_login_host_that_is_down_or_talks_nonsense_is_a_cloud_error(login: Login) -> None:
    """The person is told to try again; nothing is believed."""
    login.refusal = (503, {})
    with pytest.raises(CloudUnreachable):
        await redeem(login)
    login.refusal = (302, {})
    with pytest.raises(CloudAnswerInvalid):
        await redeem(login)
    login.refusal = (400, {"error": ["x"]})
    with pytest.raises(CloudError):
        await redeem(login)
