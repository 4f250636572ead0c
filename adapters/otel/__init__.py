"""Spans out to a collector, by OTLP: an extra (`o365bot[otel]`), imported only where it is set up.

Nothing but `bot.wiring` imports this, and it knows no other adapter.
"""
