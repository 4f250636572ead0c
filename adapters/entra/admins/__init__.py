"""Who holds Global Administrator, and whether they can do MFA.

Lives here: role holders, groups, registrations.
May not: choose anybody.
"""
