"""The pretend Slack: its Web API, its people, and how it calls the bot.

Lives here: what answers in Slack's place.
May not: know the bot.
"""
