"""Random lives of people who are reminded, and the promises that are kept to them.

The product runs as it is put together for real, over a ledger in memory; the checks know the
promises alone and work them out by themselves.
"""
