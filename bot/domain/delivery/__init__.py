"""Getting messages through: what is told, the attempts, the platforms' limits and refusals.

Lives here: notices, deliveries, limits, refusals, incidents.
May not: hold words, or decide who is told.
"""
