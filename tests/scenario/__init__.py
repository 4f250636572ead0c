"""Whole journeys over real HTTP: the bot, its store and the sandbox.

What a person does, and what that person then sees.
The details of one adapter are in `contract/`.
"""
