"""Carrying out deliveries, within limits, told once.

Lives here: claiming, sending, confirming; incidents; mail that came back.
May not: decide what is told.
"""
