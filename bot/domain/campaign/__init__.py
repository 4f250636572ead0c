"""Reminding until it is done: windows, who is told what and when, boards and reports.

Lives here: the rules of reminders and digests, and the same looked ahead.
May not: send anything.
"""
