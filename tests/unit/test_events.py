"""What other systems are told of a row of the audit."""

from __future__ import annotations

import json

import pytest

from bot.domain.audit import Row
from bot.domain.events import payload


@pytest.mark.parametrize(
    ("subject", "app"), [("contoso/0oa1", "contoso/0oa1"), ("mail:ada/it@contoso.com", None)]
)
def test_an_event_names_the_app_that_it_is_about(subject: str, app: str | None) -> None:
    """An account is none, whatever is in its name."""
    row = Row("1-0", 1, "2026-11-16T09:00:00+00:00", "o365bot", "waive", subject, "{}")
    assert json.loads(payload(row, {}))["data"]["app"] == app
