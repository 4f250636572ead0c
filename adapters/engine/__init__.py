"""Scheduled and background work on Redis, by pydocket.

Lives here: the tasks by name, their schedules, the worker. Arguments are ids only.
May not: hold work itself; the ledger is the truth, and a task that runs twice is seen once.
"""
