"""What a tenant shows of an app: consent, service accounts, domains.

Lives here: one source of evidence in each module.
May not: weigh it.
"""
