"""Slack: requests in, messages out.

Verifies, parses and renders; the traps of the platform are worked around here.
No conversation logic: that is `bot.chat`.
"""
