"""Helpers of the Makefile: making the local environment and the lock files.

They run on a bare Python, so they import the standard library alone.
Nothing of the product lives here, and the product imports nothing from here.
"""
