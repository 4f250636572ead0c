"""Who can be asked: candidates, their accounts, and how they stand.

Lives here: the look at candidates, where they are reached, and forgetting somebody.
May not: ask them.
"""
