"""The ledger: its records as JSON, the one script that changes them, lists, and the audit.

What replicas share besides is `shared`; what is done to all of it at once, `upkeep`.
"""
