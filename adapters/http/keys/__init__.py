"""Keys and certificates.

Lives here: ours, to prove who we are, and others', to check what they sign. May not: send anything
but the request for such keys.
"""
