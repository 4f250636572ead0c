"""Answers about apps: lists, sign-on, waivers.

Lives here: messages about the inventory.
May not: read anything itself.
"""
