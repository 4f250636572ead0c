"""Scans: what is read, what is written, and what follows from a verdict.

Lives here: scanning the orgs, reading the clouds, verdicts due again, waiving.
May not: write to people.
"""
