"""The settings of what is kept: the audit's seal, and for how long."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from bot.settings.section import Section

SHORTEST_KEY = 32


class RetentionSettings(Section):
    """How long what is over is kept. What is open stays."""

    requests_days: int = Field(
        400,
        ge=60,
        le=3650,
        description="Days for which an ended request is kept, and who was written to.",
    )
    deliveries_days: int = Field(
        90, ge=30, le=3650, description="Days for which an ended delivery is kept."
    )
    audit_days: int | None = Field(
        None, ge=60, le=3650, description="Days for which audit rows are kept; left out, for ever."
    )
    history_days: int | None = Field(
        None,
        ge=60,
        le=3650,
        description="Days for which the count of apps of each day is kept; left out, for ever.",
    )


class AuditSettings(Section):
    """The audit, which is a chain of rows."""

    key: SecretStr | None = Field(
        None,
        description="Seals each row (HMAC-SHA256), so that whoever can write to the store cannot "
        "forge one. Any text of 32 characters or more, such as `openssl rand -hex 32` prints; the "
        "same on all replicas. Without it, rows are sealed by their content alone.",
    )

    @field_validator("key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().strip()) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters")
        return value

    @property
    def sealing_key(self) -> bytes:
        """Without what an editor adds at the end; empty where there is none."""
        return self.key.get_secret_value().strip().encode() if self.key else b""
