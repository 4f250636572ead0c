"""Which level each command takes. What is not named here takes an operator."""

from __future__ import annotations

from bot.chat.typed.commands import (
    About,
    Command,
    Deadlines,
    Hello,
    Help,
    Home,
    ListApps,
    Mine,
    Personal,
    PlanAhead,
    Thanks,
    Who,
    Why,
)
from bot.domain.people.access import Level

ANYBODY = Help | Home | Hello | Mine | Thanks
READING = ListApps | Why | About | Who | Deadlines | PlanAhead


def needed(command: Command) -> Level:
    """The least level that may say it.

    What somebody was asked in person is said by anybody: whose code or account it is decides.
    """
    if isinstance(command, ANYBODY | Personal):
        return Level.ANYBODY
    if isinstance(command, ListApps) and command.shared:
        return Level.OPERATOR  # others read it without having asked
    return Level.VIEWER if isinstance(command, READING) else Level.OPERATOR
