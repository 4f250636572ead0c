"""What is done, as spans of a trace: carried out and forgotten, unless a tracer takes them.

Names and attributes are of a few known values, as the labels of figures are: routes by their
template, commands and kinds by name; no address, no id, nothing that somebody typed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Protocol


class SpanKind(Enum):
    """Where a span stands: what came in, what goes out, or what is done in between."""

    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"
    INTERNAL = "internal"


class Span(Protocol):
    """One under way. `name` is a better one, where it is known at the end only."""

    def note(self, name: str = "", **attributes: str | int) -> None: ...


class Tracer(Protocol):
    """Keeps spans. `parent` is what `here` gave elsewhere, "" for the span under way here."""

    def begin(self, name: str, kind: SpanKind, parent: str) -> AbstractContextManager[Span]: ...

    def here(self) -> str:
        """The span under way, to be carried to another process (W3C Trace Context)."""
        ...


class _Untold:
    def note(self, name: str = "", **attributes: str | int) -> None:
        """Nobody is told."""


UNTOLD = nullcontext(_Untold())
"""In place of a span that nobody is to be told of."""
_tracer: Tracer | None = None


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, *, parent: str = ""
) -> AbstractContextManager[Span]:
    """What is done inside is one span; what raises marks it as failed."""
    return UNTOLD if _tracer is None else _tracer.begin(name, kind, parent)


def here() -> str:
    """The span under way, for `parent` elsewhere; "" where none is kept."""
    return "" if _tracer is None else _tracer.here()


def taken_by(tracer: Tracer | None) -> Callable[[], None]:
    """Have spans kept by `tracer`; what is returned undoes it."""
    global _tracer
    former, _tracer = _tracer, tracer

    def undo() -> None:
        global _tracer
        _tracer = former

    return undo
