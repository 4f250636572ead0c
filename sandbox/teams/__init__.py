"""The pretend Teams: the connector, its people, and how it calls the bot.

Lives here: what answers in Teams' place.
May not: know the bot.
"""
