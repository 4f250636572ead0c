"""What several commands share: the settings file, and errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from bot.domain.normalization import exact
from bot.errors import O365BotError, SettingsInvalid
from bot.settings.errors import in_words
from bot.settings.variables import CONFIG_VARIABLE

Choice = TypeVar("Choice", bound=StrEnum)


def one_of(kind: type[Choice], option: str, about: str) -> Any:
    """An option that takes one of these, in any case, and says which there are."""

    def read(said: str) -> Choice:
        for one in kind:
            if exact(one) == exact(said):
                return one
        raise typer.BadParameter(f"{said!r} is none of {', '.join(kind)}.")

    name = option.lstrip("-").rpartition("-")[2].upper()
    return typer.Option(
        option, parser=read, metavar=name, help=f"{about} One of {', '.join(kind)}."
    )


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_VARIABLE,
        metavar="FILE",
        help="The settings, a TOML file (docs/settings.md explains each key).",
        dir_okay=False,
    ),
]


class Level(StrEnum):
    """How much to log."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


LogLevel = Annotated[Level, one_of(Level, "--log-level", "How much to log.")]


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn our own errors into a message and exit status 2; bugs go through."""
    try:
        yield
    except O365BotError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from error


def checked(option: str, kind: Any, value: str) -> str:
    """What an option says, as the settings would take it. Raises SettingsInvalid."""
    try:
        return str(TypeAdapter(kind).validate_python(value))
    except ValidationError as error:
        raise SettingsInvalid((f"{option}: {in_words(option, error.errors()[0])}",)) from None
