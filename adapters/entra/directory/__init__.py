"""Reaching Microsoft Graph: hosts, tokens, paging, pace, refusals, and finding a tenant.

Lives here: what every read stands on, and the list of reads.
May not: say what an answer means for an app.
"""
