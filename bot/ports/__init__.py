"""What the services need from the outside, as Protocols: one module for each side.

Each is implemented in one adapter folder and checked by one contract suite. Every method may raise
the errors of `bot.errors` that its module names, and nothing of a driver's own.
"""
