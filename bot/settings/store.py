"""The settings of the store."""

from __future__ import annotations

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.settings.section import Section


class RedisSettings(Section):
    """Where acknowledgements are kept."""

    url: SecretStr | None = Field(
        None,
        description="Redis >= 7.2 or Valkey: `redis://`, `rediss://`, `unix://`, "
        "`redis+sentinel://host:port,host:port/service` or `redis+cluster://host:port`. "
        "Left out, o365bot starts a Valkey server of its own in `data_dir`.",
    )
    replicas: int = Field(
        0,
        ge=0,
        le=5,
        description="How many replicas must have an acknowledgement before it is answered.",
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
