"""Background work: what the tasks are, when they fire by themselves, and the worker.

Lives here: the tasks by name, their time limits and retries. Arguments are ids only.
May not: hold work itself; the ledger is the truth, and a task that runs twice is seen once.
"""
