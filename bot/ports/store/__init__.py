"""What is kept: the ledger, lists of it, the audit, limits, and copies of it all.

May not: decide anything, or name a product.
"""
