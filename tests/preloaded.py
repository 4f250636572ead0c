"""What the process loads that others are forked from (tests/forked.py)."""

import gc
from importlib import import_module

from adapters.web.pages import Pages
from bot.chat.words import Words, languages

for module in (
    "adapters.calendar.days_off",
    "adapters.mail.bounces",
    "adapters.terminal.cli",
    "bot.__main__",
    "bot.wiring.commands",
    "bot.wiring.doctor",
    "bot.wiring.process",
):
    import_module(module)
Pages(Words)
for language in languages():
    Words(language)
gc.freeze()  # no process forked from this one has to look through what they all share
