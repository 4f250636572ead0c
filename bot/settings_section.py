"""What every part of the settings has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


class Section(BaseModel):
    """A part of the settings. Unknown keys are errors; every secret may come from a file."""

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
                raise ValueError(f"give {name} or {name}_file, not both")
            try:
                values[name] = Path(path).expanduser().read_text().strip()
            except OSError as error:
                raise ValueError(f"{name}_file cannot be read: {error.strerror}") from None
        return values
