"""The settings of monitoring: who is told more than whether the bot is well."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from bot.settings.section import Section, one_word

SHORTEST = 16


def _long_enough(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters")
    return value


def _one_line(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not re.fullmatch(r"[ -~]+", value.get_secret_value().strip()):
        raise ValueError("expected one line of plain letters, digits and symbols")
    return value


class MonitoringSettings(Section):
    """Who may read `/metrics` and the details of `/health`: nobody, unless there is a token."""

    token: Annotated[SecretStr | None, AfterValidator(one_word), AfterValidator(_long_enough)] = (
        Field(
            None,
            description="What Prometheus and others send as `Authorization: Bearer …`, at least 16 "
            "characters (docs/monitoring.md). Without it, `/metrics` is closed and `/health` tells "
            "its status alone.",
        )
    )


class TracesSettings(Section):
    """OpenTelemetry traces, sent to a collector; off if left out. Needs `o365bot[otel]`."""

    url: str = Field(
        description="Where spans are posted, by OTLP over HTTP: the collector's address with its "
        "path, such as `https://collector.example.com/v1/traces`."
    )
    authorization: Annotated[SecretStr | None, AfterValidator(_one_line)] = Field(
        None, description="The value of the header `Authorization`, if the collector asks for it."
    )
    service: str = Field("o365bot", min_length=1, description="`service.name` of every span.")
    share: float = Field(
        1.0, ge=0, le=1, description="The share of traces that are kept, from 0 to 1."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        wanted = "expected an address such as http://127.0.0.1:4318/v1/traces"
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ValueError(wanted)
        if parts.username or parts.password:
            raise ValueError("must have no user and password: give `authorization`")
        return value
