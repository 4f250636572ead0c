"""Signing people in at their own tenant.

Lives here: OpenID Connect, and believing its tokens.
May not: read the directory.
"""
