"""The public keys of an OpenID provider, kept and renewed without ever blocking the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import structlog

from adapters.http.client import CloudClient, Retry
from bot.errors import CloudError, CloudNotFound, CloudUnreachable

REFRESH_AFTER = 24 * 3600.0  # seconds; Microsoft asks for about once a day
KEEP_AT_MOST = 72 * 3600.0  # while the provider cannot be reached
FETCH_AGAIN_AFTER = 60.0  # an unknown key id makes us look, but no oftener than this
TRY_AGAIN_AFTER = 5.0  # after a failure, so that a flood of tokens is no flood of requests

log = structlog.get_logger(__name__)


class KeySet:
    """Keys by `kid`, from the metadata document at `metadata_url` (OpenID Connect Discovery).

    The document's `jwks_uri` must be on the same host. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        metadata_url: str,
        http: httpx.AsyncClient,
        *,
        where: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(metadata_url)
        self._path = parts.path
        self._client = CloudClient(
            http,
            f"{parts.scheme}://{parts.netloc}",
            where=where,
            retry=Retry(attempts=2, throttled=lambda error, tried: False),
        )
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._endorsements: Mapping[str, frozenset[str]] = {}
        self._issuers: Mapping[str, str] = {}
        self._issuer = ""
        self._read_at: float | None = None
        self._not_before = float("-inf")
        self._failure: CloudError | None = None

    async def key(self, kid: str) -> jwt.PyJWK:
        """The key of that id.

        Raises CloudNotFound when the provider has none of that id, and another CloudError when the
        provider could not be asked.
        """
        if not self._holds(kid, REFRESH_AFTER):
            async with self._lock:
                await self._refresh(kid)
        if kid not in self._keys:
            raise CloudNotFound(
                f"{self._client.where} has no signing key of that id.",
                where=self._client.where,
                call=f"GET {self._path}",
            )
        return self._keys[kid]

    def endorsements(self, kid: str) -> frozenset[str]:
        """The channels a known key may speak for (Bot Framework); empty when it does not say."""
        return self._endorsements.get(kid, frozenset())

    def issuer(self, kid: str) -> tuple[str, str]:
        """The provider's issuer, and whom a known key may speak for ("" when it does not say)."""
        return self._issuer, self._issuers.get(kid, "")

    async def _refresh(self, kid: str) -> None:
        """Read the keys again if that can help and is not too often. Runs one at a time."""
        if self._holds(kid, REFRESH_AFTER):
            return  # another caller has read them meanwhile
        if self._clock() < self._not_before:
            if self._failure is None or self._holds(kid, KEEP_AT_MOST):
                return
            raise CloudUnreachable(
                f"The signing keys of {self._client.where} could not be read a moment ago.",
                where=self._client.where,
                call=f"GET {self._path}",
            ) from self._failure
        try:
            await self._read()
        except CloudError as error:
            self._failure, self._not_before = error, self._clock() + TRY_AGAIN_AFTER
            if self._holds(kid, KEEP_AT_MOST):
                log.warning("could not renew signing keys", where=error.where, call=error.call)
            elif isinstance(error, CloudNotFound):
                raise CloudUnreachable(
                    f"{self._client.where} has no signing keys at that address.",
                    where=error.where,
                    call=error.call,
                    hint="Check the metadata address in the settings.",
                ) from error
            else:
                raise
        else:
            self._failure, self._not_before = None, self._clock() + FETCH_AGAIN_AFTER

    def _holds(self, kid: str, seconds: float) -> bool:
        """True when the key is known and was read no longer ago than that."""
        return (
            kid in self._keys
            and self._read_at is not None
            and self._clock() - self._read_at <= seconds
        )

    async def _read(self) -> None:
        metadata = await self._client.get(self._path)
        address = metadata.object().get("jwks_uri")
        if not (isinstance(address, str) and address):
            raise metadata.invalid("names no jwks_uri")
        answer = await self._client.get(address)
        entries = answer.object().get("keys")
        if not isinstance(entries, list):
            raise answer.invalid("has no list of keys")
        keys: dict[str, jwt.PyJWK] = {}
        endorsements: dict[str, frozenset[str]] = {}
        issuers: dict[str, str] = {}
        for entry in entries:
            key = _parse(entry)
            if key is not None and key.key_id:
                keys[key.key_id] = key
                named = entry.get("issuer")
                issuers[key.key_id] = named if isinstance(named, str) else ""
                listed = entry.get("endorsements")
                endorsements[key.key_id] = (
                    frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
                )
        if not keys:
            raise answer.invalid("has no key to check signatures with")
        issuer = metadata.object().get("issuer")
        self._issuer = issuer if isinstance(issuer, str) else ""
        self._issuers = issuers
        self._keys, self._endorsements, self._read_at = keys, endorsements, self._clock()


def _parse(entry: Any) -> jwt.PyJWK | None:
    """A public signing key; None for what is none (encryption keys, kinds we do not know)."""
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC"):
        return None
    if entry.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK.from_dict(entry)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
