"""The machine itself.

Lives here: a clock that can be set forward, for rehearsals. May not: know another adapter.
"""
