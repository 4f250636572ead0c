"""The settings of a rehearsal."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from bot.settings.section import Section


class RehearsalSettings(Section):
    """A clock that can be set forward, to see in minutes what comes in months."""

    clock_file: Path | None = Field(
        None,
        description="A file that holds a number of seconds, by which reminders, links and boards "
        "run ahead of real time. It is read again whenever it changes. Sign-ins, certificates and "
        "everything else that others check keep real time.",
    )
