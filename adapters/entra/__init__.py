"""Microsoft Entra: a tenant's Global Administrators, consents and service accounts.

Reads only, from Microsoft Graph.
No judgement of what the answers mean: that is `bot.domain`.
"""
