"""A consent request: its stages, its link, and signing in.

Lives here: requests, sign-in, onboarding of a tenant, putting off, polling for the result.
May not: decide when somebody is reminded.
"""
