"""Spans where nothing keeps them, and what is said where OpenTelemetry is not installed."""

from __future__ import annotations

import sys

import pytest

from bot.errors import SettingsInvalid
from bot.ports import spans
from bot.settings.sections.monitoring import TracesSettings
from bot.wiring.bot import tracing
from tests.wiring import settings


def test_a_span_that_nobody_keeps_does_nothing() -> None:
    """What is done inside is done; what it raises is raised; nothing is carried along."""
    with spans.span("scan") as told:
        told.note("another", org="contoso")
    with pytest.raises(ValueError, match="ours"), spans.span("scan"):
        raise ValueError("ours")
    assert spans.here() == ""


async def test_without_the_extra_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the start, not at the first span."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "adapters.otel.exporting", raising=False)
    wanted = settings().model_copy(
        update={"traces": TracesSettings(url="http://127.0.0.1:4318/v1/traces")}
    )
    with pytest.raises(SettingsInvalid, match=r"pip install \"o365bot\[otel\]\""):
        async with tracing(wanted):
            pass


@pytest.mark.parametrize(
    "url", ["collector:4318", "ftp://collector/v1/traces", "https://user@collector/v1/traces"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Nor is one that names a user: a password would be next."""
    with pytest.raises(ValueError, match=r"expected an address|authorization"):
        TracesSettings(url=url)
