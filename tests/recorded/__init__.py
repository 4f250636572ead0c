"""Requests in the shapes in which Slack and Teams send them, and what each is to lead to.

README.md says where the shapes come from. What is sent to the platforms, and the tests that play
these requests, do not live here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

Json = dict[str, Any]


def recorded(platform: str, ids: Mapping[str, str]) -> list[Json]:
    """Those of one platform, with the ids of the world they are played in."""
    text = (files("tests.recorded") / f"{platform}.json").read_text(encoding="utf-8")
    for name, value in ids.items():
        text = text.replace(f"@{name}", value)
    found: list[Json] = json.loads(text)
    return found
