"""The pretend Okta: API, sign-in, hooks and the Admin Console.

Lives here: what answers in Okta's place.
May not: know the bot, or another cloud's records but through the company.
"""
