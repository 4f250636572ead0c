"""What every part of the settings has in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A part of the settings. Unknown keys are errors; every secret may come from a file.

    A rule over several keys is a validator of the last of them, which looks at those before it:
    so whatever else is wrong is told at the same time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        values = dict(data)
        for name, field in cls.model_fields.items():
            path = values.pop(f"{name}_file", None)
            if path is None or field.annotation not in (SecretStr, SecretStr | None):
                if path is not None:
                    values[f"{name}_file"] = path
                continue
            if values.get(name):
                values[name] = _Unusable(f"give {name} or {name}_file, not both")
            else:
                values[name] = _read(f"{name}_file", path)
        return values

    @field_validator("*")
    @classmethod
    def _says_something(cls, value: Any) -> Any:
        if isinstance(value, SecretStr) and not value.get_secret_value().strip():
            raise ValueError("must not be empty")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _is_usable(cls, value: Any) -> Any:
        if isinstance(value, _Unusable):
            raise ValueError(value.why)
        return value


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands for a secret that cannot be had, until its own key is looked at."""

    why: str


def _read(key: str, path: object) -> str | _Unusable:
    if not isinstance(path, str):
        return _Unusable(f"{key}: expected a path in quotes")
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        return _Unusable(f"{key} cannot be read: {error.strerror}")
    except (ValueError, RuntimeError):  # other bytes than text, no such path, no such home
        return _Unusable(f"{key} cannot be read: it names no file of text")


def wrong(*found: tuple[str, str]) -> PydanticCustomError:
    """What is wrong further down: of each key its path below the field, and what it should be."""
    return PydanticCustomError("wrong", "wrong", {"found": found})


def shaped(pattern: str, expected: str) -> AfterValidator:
    """Text that looks like the pattern as a whole; `expected` says so in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NO_GUID = "an id such as 00000000-0000-0000-0000-000000000000, not a name"

# Microsoft's tokens spell ids in small letters; people copy them as they find them.
Guid = Annotated[str, shaped(_GUID, _NO_GUID), AfterValidator(str.lower)]
OptionalGuid = Annotated[str, shaped(f"({_GUID})?", _NO_GUID), AfterValidator(str.lower)]
