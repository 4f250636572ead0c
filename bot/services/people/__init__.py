"""Who can be asked: candidates, their accounts, and how they stand.

Lives here: the look at candidates and where they are reached.
May not: ask them.
"""
