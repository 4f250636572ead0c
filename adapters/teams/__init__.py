"""Teams: Bot Framework activities in, messages and cards out.

Verifies, parses and renders; all that knows the Bot Framework SDK is here.
No conversation logic: that is `bot.chat`.
"""
