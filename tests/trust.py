"""The TLS context for the public authorities, read once for all of a process.

Each httpx client asks for it anew, and it takes 20 ms of the hundred that a test takes.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import certifi

_make_context = ssl.create_default_context
_of_the_bundle = cache(lambda: _make_context(cafile=certifi.where()))


def _context(*words: Any, **given: Any) -> ssl.SSLContext:
    if not words and given == {"cafile": certifi.where()}:
        return _of_the_bundle()
    return _make_context(*words, **given)


def one_context() -> None:
    """Read it now; from here on it is handed out again and again."""
    _of_the_bundle()
    vars(ssl)["create_default_context"] = _context
