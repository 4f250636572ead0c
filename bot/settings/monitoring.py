"""The settings of monitoring: who is told more than whether the bot is well."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot.settings.section import Section, one_word

SHORTEST = 16


def _long_enough(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters")
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
