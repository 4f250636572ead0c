"""The wiring: the one place that knows both the services and the adapters.

Lives here: what is put together from the settings, for one command (`base`), for the running bot
(`bot`, `process`, `health`), for the terminal (`terminal/`), and what can be taken over while it
runs (`reloading`). `services` knows no adapter. May not: decide anything.
"""
