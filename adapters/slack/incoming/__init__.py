"""What comes from Slack: checked at the border, read, answered.

What the bot says by itself goes out by `outgoing`.
"""
