"""Okta's JSON into the domain's words; lenient, since half of an Office 365 app is undocumented.

Unknown members are kept, unknown enum values become UNKNOWN, missing ones are empty. What has no id
cannot be named and is left out, with a line in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from bot.domain.inventory.apps import (
    AppRef,
    AppStatus,
    ConnectionStatus,
    Office365App,
    ProvisioningConnection,
)

E = TypeVar("E", bound=StrEnum)


def text(value: Any) -> str:
    """A text without surrounding space; "" for everything that is none."""
    return value.strip() if isinstance(value, str) else ""


def inside(value: Any, *names: str) -> Any:
    """A member of nested objects; None when one of them is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; empty for everything that is none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _one_of(kinds: type[E], value: Any, otherwise: E) -> E:
    try:
        return kinds(text(value).upper())
    except ValueError:
        return otherwise


def app(org: str, value: Any, name: str) -> Office365App | None:
    """An app of `GET /api/v1/apps`; None when it has no id or is not called `name`."""
    app_id = text(inside(value, "id"))
    if not app_id:
        return None
    if text(inside(value, "name")) not in (name, ""):
        return None  # a server that does not know the filter
    settings = inside(value, "settings", "app")
    other = dict(settings) if isinstance(settings, Mapping) else {}
    return Office365App(
        ref=AppRef(org, app_id),
        label=text(inside(value, "label")) or app_id,
        status=_one_of(AppStatus, inside(value, "status"), AppStatus.UNKNOWN),
        domain=text(other.pop("domain", "")),
        msft_tenant=text(other.pop("msftTenant", "")),
        other=other,
        last_updated=text(inside(value, "lastUpdated")),
        sign_on_mode=text(inside(value, "signOnMode")),
    )


def connection(value: Mapping[str, Any]) -> ProvisioningConnection:
    """`GET /api/v1/apps/{id}/connections/default`; recorded answers lack `profile` or `_links`."""
    scheme = text(inside(value, "profile", "authScheme")) or text(value.get("authScheme"))
    return ProvisioningConnection(
        _one_of(ConnectionStatus, value.get("status"), ConnectionStatus.UNKNOWN),
        scheme or "UNKNOWN",
    )
