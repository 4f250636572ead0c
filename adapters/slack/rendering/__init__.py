"""Messages and forms as Slack's blocks. Pure functions.

Nothing here calls Slack.
"""
