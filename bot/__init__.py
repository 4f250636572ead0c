"""The core of o365bot: what is decided, said and kept, without any cloud, chat platform or store.

Lives here: the domain, the services, the conversation, the ports they need, and the wiring.
May not: import a driver or an adapter (only `bot.wiring` and `bot.__main__` know both sides).
"""
