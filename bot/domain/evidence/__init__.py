"""What is seen of an app, and what it adds up to.

Lives here: kinds and rules, what is kept of them, and the verdict.
May not: know who can do something about it.
"""
