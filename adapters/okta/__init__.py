"""Okta: which Office 365 apps an org has, and what its API says of their provisioning.

Reads only. Undocumented answers are parsed leniently and kept.
No judgement of what the answers mean: that is `bot.domain`.
"""
