"""Every button and every form, pressed.

Lives here: somebody in a chat, the steps they go, what is pressed. May not: know how the bot works.
"""
