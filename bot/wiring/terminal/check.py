"""Whether the settings actually work, not just parse: what the running bot would stumble over.

Part of the wiring: keys, certificates and addresses are loaded by the adapters that use them, so
what passes here is what they take. Nothing is connected to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from cryptography.x509 import load_pem_x509_certificates

from adapters.http.keys.credential import ClientProof
from adapters.http.keys.pem import certificate_of, private_key
from adapters.http.tls import trusted
from adapters.okta.client import signing_key
from bot.errors import SettingsInvalid
from bot.settings.settings import Settings
from bot.settings.variables import named
from bot.wiring.base import store_address

SOON = timedelta(days=30)
T = TypeVar("T")


def examine(settings: Settings, now: datetime) -> None:
    """Raises SettingsInvalid with a line for each key that cannot be used."""
    found = problems(settings, now)
    if found:
        raise SettingsInvalid(found)


def problems(settings: Settings, now: datetime) -> tuple[str, ...]:
    """A line for each key that cannot be used."""
    return tuple(named(line) for step in _steps(settings, now) for line in _problems(step))


def soon_over(settings: Settings, now: datetime) -> bool:
    """Whether Microsoft will refuse the certificate within thirty days."""
    try:
        examine(settings, now + SOON)
    except SettingsInvalid:
        return True
    return False


def ends(settings: Settings) -> dict[str, datetime]:
    """When (UTC) what the settings name stops to be good, where it says so itself, by its key.

    A secret does not: only Microsoft knows when a client secret ends.
    """
    named = {"entra": settings.entra, "teams": settings.teams}
    found = {}
    for section, one in named.items():
        if one is None or one.certificate is None:
            continue
        pem = one.certificate.get_secret_value()
        with suppress(ValueError):  # it cannot be used at all, which `examine` says
            end = certificate_of(private_key(pem), pem).not_valid_after_utc
            found[f"{section}.certificate"] = end
    authorities = {
        f"{name}.ca_file": part.ca_file
        for name in ("redis", "mail", "webhook")
        if (part := getattr(settings, name)) is not None and part.ca_file is not None
    }
    for key, path in authorities.items():
        with suppress(ValueError, OSError):  # likewise
            # A file may hold former authorities as well: with the last of them it is over.
            ending = (
                one.not_valid_after_utc for one in load_pem_x509_certificates(path.read_bytes())
            )
            found[key] = max(ending)
    return found


def _steps(settings: Settings, now: datetime) -> Iterator[Callable[[], object]]:
    redis, entra = settings.redis, settings.entra
    if redis.url is not None:
        yield partial(store_address, redis, redis.url)
    for org in settings.okta:
        yield partial(signing_key, org)
    if entra is not None:
        yield partial(_proves, ClientProof.of_entra, entra, now)
    if settings.teams is not None:
        yield partial(_proves, ClientProof.of_teams, settings.teams, now)
    if settings.mail is not None:
        yield partial(trusted, settings.mail.ca_file)
    if settings.webhook is not None:
        yield partial(trusted, settings.webhook.ca_file, "webhook.ca_file")


def _proves(proof_of: Callable[[T], ClientProof], of: T, now: datetime) -> None:
    proof_of(of).counts(now)


def _problems(step: Callable[[], object]) -> tuple[str, ...]:
    try:
        step()
    except SettingsInvalid as error:
        return error.problems
    return ()
