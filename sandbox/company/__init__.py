"""The pretend company: the one truth that every pretend service answers from.

Lives here: the cast, their records, the traces of what they do, the clock.
May not: know a protocol.
"""
