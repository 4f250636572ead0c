"""The pretend outside world: Okta, Microsoft Entra, Slack and Teams, on loopback only.

It speaks the real protocols over one made-up company, so that o365bot runs against it by
configuration alone. Nothing here may import `bot` or `adapters`; no product code knows it.
"""
