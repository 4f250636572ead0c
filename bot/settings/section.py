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
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.domain.normalization import exact
from bot.settings.files import read_text


def no_truth(cls: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """A validator of numbers: pydantic would take `true` for 1."""
    if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation in (
        int,
        float,
    ):
        raise ValueError("expected a number")
    return value


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

    _numbers = field_validator("*", mode="before")(no_truth)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands for a secret that cannot be had, until its own key is looked at."""

    why: str


class SecretFile(SecretStr):
    """A secret that was read from a file, which is named when it turns out to be of no use."""

    def __init__(self, secret_value: str, path: str) -> None:
        super().__init__(secret_value)
        self.path = path


def written_as(key: str, value: SecretStr | None) -> str:
    """The key as the user wrote it, with the file's name where it is one."""
    return f"{key}_file ({value.path})" if isinstance(value, SecretFile) else key


def _read(key: str, path: object) -> SecretFile | _Unusable:
    if not isinstance(path, str):
        return _Unusable(f"{key}: expected a path in quotes")
    if "-----BEGIN" in path:
        return _Unusable(f"{key}: this is the content of the file; expected its name")
    try:
        return SecretFile(read_text(Path(path)).strip(), path)
    except ValueError as error:
        return _Unusable(f"{key} ({path}) {error}" if path.isprintable() else f"{key} {error}")


def one_word(value: SecretStr | None) -> SecretStr | None:
    """A validator of what goes into a header or a form as it is."""
    if value is not None and not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("expected one word of plain letters, digits and symbols, without spaces")
    return value


def secret_value(value: SecretStr | None) -> SecretStr | None:
    """A validator of a client secret of Microsoft's, whose id is shown beside it."""
    if value is not None and re.fullmatch(_GUID, value.get_secret_value()):
        raise ValueError("this is the id of a secret; expected its value, which is shown only once")
    return one_word(value)


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
Guid = Annotated[str, shaped(_GUID, _NO_GUID), AfterValidator(exact)]
OptionalGuid = Annotated[str, shaped(f"({_GUID})?", _NO_GUID), AfterValidator(exact)]
