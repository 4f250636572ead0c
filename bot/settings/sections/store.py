"""The settings of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.settings.section import Section, shaped

Weakness = Literal["clear_text", "unchecked_certificate", "no_password"]
"""What is refused of a store on another machine, unless the settings name it."""


class RedisSettings(Section):
    """Where acknowledgements are kept."""

    url: SecretStr | None = Field(
        None,
        description="Redis >= 7.2 or Valkey: `redis://`, `rediss://`, `unix://`, "
        "`redis+sentinel://host:port,host:port/service` or `redis+cluster://host:port`. "
        "Left out, o365bot starts a Valkey server of its own in `data_dir`.",
    )
    ca_file: Path | None = Field(
        None,
        description="The certificates (PEM) of the authority that signed the store's, where it is "
        "no public one. For `rediss://` addresses.",
    )
    allow: tuple[Weakness, ...] = Field(
        (),
        description="What to allow for a store on another machine, refused otherwise: "
        "`clear_text` (no TLS), `unchecked_certificate`, `no_password`.",
    )
    prefix: Annotated[
        str, shaped(r"[a-z0-9][a-z0-9-]{0,30}", "up to 31 lowercase letters, digits and hyphens")
    ] = Field(
        "o365bot",
        description="The prefix of this installation's keys, in braces. Two that share a "
        "store need one each; changing it later leaves all records behind.",
    )
    replicas: int = Field(
        0,
        ge=0,
        le=5,
        description="How many replicas must have an acknowledgement before the bot answers it.",
    )

    @field_validator("replicas")
    @classmethod
    def _can_be_waited_for(cls, value: int, info: ValidationInfo) -> int:
        if "url" not in info.data:  # it is wrong itself
            return value
        url = info.data["url"].get_secret_value() if info.data["url"] else ""
        if value and (not url or url.partition("://")[0].endswith("+cluster")):
            raise ValueError("needs a redis.url of one server or of Sentinel")
        return value
