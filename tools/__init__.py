"""Helpers of the Makefile: the local environment, the lock files, the parts of docs/ that are made.

`setup.py` and `lock.py` run on a bare Python, so they import the standard library alone; `docs.py`
reads the product. Nothing of the product lives here, and the product imports nothing from here.
"""
