"""From asking to done: asking, proving who acts, and following until it is seen.

Lives here: one verb of a request in each module.
May not: send; that is delivery's.
"""
