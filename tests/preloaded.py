"""What the process loads that others are forked from (tests/forked.py)."""

import gc
from importlib import import_module

from adapters.calendar.days_off import days_off
from adapters.web.pages import Pages
from bot.chat.words import Words, languages

for module in ("bot.__main__", "adapters.terminal.cli"):
    import_module(module)
for module in ("commands", "doctor", "process"):
    import_module(f"bot.wiring.{module}")
days_off("DE", 2027)
Pages(Words)
for language in languages():
    Words(language)
gc.freeze()  # no process forked from this one has to look through what they all share
