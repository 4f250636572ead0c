"""Answers about people, and the welcome.

Lives here: who is asked and why; what is said where the bot was installed.
May not: choose anybody.
"""
