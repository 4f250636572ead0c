"""Messages and forms as Adaptive Cards. Pure functions.

Nothing here calls Teams.
"""
