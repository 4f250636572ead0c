"""The pretend Microsoft: the login host and Graph.

Lives here: what answers in Microsoft's place, as strict as its pages say.
May not: know the bot.
"""
