"""Sentences that people type, with what each must mean.

Lives here: the sentences, and what reads them.
May not: know how they are understood.
"""
