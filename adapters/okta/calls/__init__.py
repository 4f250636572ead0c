"""How Okta's API is called.

Lives here: tokens with proof of possession, scopes, rate limits, pages. May not: know what an
answer says of an app.
"""
