"""Calls to Slack: what is posted, what the answers and refusals mean.

How a message looks is `drawing`.
"""
