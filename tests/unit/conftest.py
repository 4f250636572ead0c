"""No settings come in from outside."""

from __future__ import annotations

import os

import pytest

CASES = ("O365BOT_LIVES", "O365BOT_PLANS", "O365BOT_PROMISES")
"""How many random cases a test tries is no setting of the bot."""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("O365BOT_") and name not in CASES:
            monkeypatch.delenv(name)
