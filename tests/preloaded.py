"""What the process loads that others are forked from (tests/forked.py)."""

import gc

import bot.__main__
import bot.wiring.commands
import bot.wiring.doctor
import bot.wiring.process  # noqa: F401 - each is here to be loaded

gc.freeze()  # no process forked from this one has to look through what they all share
