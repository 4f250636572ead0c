"""Commands about all that is kept.

Lives here: audit, backup, restore, forget. May not: know how it is kept.
"""
