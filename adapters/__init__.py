"""Adapters: where the core meets the world: clouds, chat platforms, store, web, terminal.

Each one implements ports of `bot` with one driver, and wraps that driver's errors at its border.
No adapter imports another (only `adapters.http`, the seam for outbound calls, is for all).
"""
