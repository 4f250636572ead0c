"""The verbs: scan, ask, remind, deliver, acknowledge, verify.

Lives here: what happens in which order, over the ports.
May not: hold words that people read, know a platform, a cloud's JSON, or Redis.
"""
