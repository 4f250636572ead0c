"""The configuration, checked as a whole; `whole.load` reads it.

Lives here: one module for each part, and how a wrong key is told. May not: know what the values are
used for.
"""
