"""What comes from Teams: checked, read, answered.

What the bot says by itself goes out by `outgoing`.
"""
