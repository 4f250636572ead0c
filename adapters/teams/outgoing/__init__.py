"""Calls to Teams: tokens, the connector, what the refusals mean.

How a message looks is `drawing`.
"""
